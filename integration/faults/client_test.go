package faults

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/matryer/is"
)

func TestClient_SendsThroughTheTransport(t *testing.T) {
	is := is.New(t)
	transport := New(nil, 1, nil)
	transport.Plan("ListTables", CutBefore)
	client := dynamodb.New(dynamodb.Options{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("x", "x", ""), RetryMaxAttempts: 1,
		BaseEndpoint: aws.String("http://dynamodb.test"),
	}, transport.Client)
	_, err := client.ListTables(t.Context(), nil)
	is.True(err != nil)
	is.Equal(transport.Counts()[CutBefore], 1)
}

package engine

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// Client returns a client of [Endpoint]'s engine, with credentials of its own: neither the environment nor any profile of
// the user is read. The functions may change every option before the client is made.
func Client(t testing.TB, optFns ...func(*dynamodb.Options)) *dynamodb.Client {
	t.Helper()
	return newClient(Endpoint(t), optFns...)
}

// newClient returns a client of the engine at url. Engines take any credentials; these are letters because DynamoDB Local
// refuses an access key with other characters.
func newClient(url string, optFns ...func(*dynamodb.Options)) *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(url),
		Credentials:  credentials.NewStaticCredentialsProvider("local", "local", ""),
	}, optFns...)
}

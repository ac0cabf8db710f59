package engine

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/matryer/is"
)

func TestNewClientReadsNothingOfTheUsers(t *testing.T) {
	is := is.New(t)
	t.Setenv("AWS_REGION", "eu-west-1")
	t.Setenv("AWS_ACCESS_KEY_ID", "theirs")
	t.Setenv("AWS_ENDPOINT_URL", "http://theirs.invalid")

	o := newClient("http://127.0.0.1:1").Options()
	is.Equal(o.Region, "us-east-1")
	is.Equal(aws.ToString(o.BaseEndpoint), "http://127.0.0.1:1")
	credentials, err := o.Credentials.Retrieve(t.Context())
	is.NoErr(err)
	is.Equal(credentials.AccessKeyID, "local")
}

func TestNewClientTakesOptions(t *testing.T) {
	is := is.New(t)
	c := newClient("http://127.0.0.1:1", func(o *dynamodb.Options) { o.RetryMaxAttempts = 7 })
	is.Equal(c.Options().RetryMaxAttempts, 7)
}

func TestClientTalksToTheEngine(t *testing.T) {
	is := is.New(t)
	_, err := Client(t).ListTables(t.Context(), nil)
	is.NoErr(err)
}

package engine

import (
	"errors"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/matryer/is"

	"github.com/dynasession/dynasession/dynamo"
	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions/driver"
)

func TestEndpointIsOneForTheTestBinary(t *testing.T) {
	is := is.New(t)
	is.Equal(Endpoint(t), Endpoint(t)) // the engine is started once
}

func TestEndpointAnswersListTables(t *testing.T) {
	is := is.New(t)
	is.NoErr(ping(t.Context(), Endpoint(t)))
}

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

func TestTableName(t *testing.T) {
	is := is.New(t)
	is.Equal(tableName("TestLoad/expired session", "X7"), "TestLoad_expired_session_X7")

	allowed := regexp.MustCompile(`^[a-zA-Z0-9_.-]{3,255}$`)
	for _, test := range []string{"", "T", "Test/ä/日本#01", strings.Repeat("long/", 100)} {
		name := tableName(test, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
		is.True(allowed.MatchString(name)) // DynamoDB allows it
	}
}

func TestTableIsAnotherOneEachTime(t *testing.T) {
	is := is.New(t)
	first, second := Table(t), Table(t)
	is.True(first != second)
}

func TestTableIsGoneAfterItsTest(t *testing.T) {
	is := is.New(t)
	client := Client(t)
	var name string
	t.Run("creates it", func(t *testing.T) {
		is := is.New(t)
		name = Table(t)
		_, err := client.CreateTable(t.Context(), &dynamodb.CreateTableInput{
			TableName:            aws.String(name),
			BillingMode:          types.BillingModePayPerRequest,
			KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}},
			AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeS}},
		})
		is.NoErr(err)
	})
	_, err := client.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String(name)})
	_, absent := errors.AsType[*types.ResourceNotFoundException](err)
	is.True(absent) // the table was deleted when its test ended
}

func TestStore_IsOnATableThatFits(t *testing.T) {
	is := is.New(t)
	table := NewTable(t)
	is.NoErr(dynamo.CheckTable(t.Context(), Client(t), table))
	_, err := Store(t, table).Load(t.Context(), "none")
	wants.Err(t, err, driver.ErrNotFound)
}

// Without an engine a test is skipped. On CI it fails, since a skipped test would look like a
// passed one.
func TestEndpointWithoutAnEngine(t *testing.T) {
	for ci, want := range map[string]string{"": "--- SKIP", "false": "--- SKIP", "true": "--- FAIL", "1": "--- FAIL"} {
		t.Run(ci, func(t *testing.T) {
			is := is.New(t)
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.v", "-test.run", "^TestEndpointAnswersListTables$")
			cmd.Env = append(os.Environ(), "DYNAMODB_ENDPOINT=", "PATH=/nonexistent", "CI="+ci)
			out, err := cmd.CombinedOutput()
			is.True(strings.Contains(string(out), want))
			is.True(strings.Contains(string(out), "set DYNAMODB_ENDPOINT to the URL"))
			is.Equal(err != nil, want == "--- FAIL")
		})
	}
}

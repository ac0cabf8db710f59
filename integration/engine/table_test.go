package engine

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/matryer/is"
)

func TestTableName(t *testing.T) {
	is := is.New(t)
	is.Equal(tableName("TestLoad/expired session", "X7"), "TestLoad_expired_session_X7")

	allowed := regexp.MustCompile(`^[a-zA-Z0-9_.-]{3,255}$`)
	for _, test := range []string{"", "T", "Test/ä/日本#01", strings.Repeat("long/", 100)} {
		is.True(allowed.MatchString(tableName(test, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"))) // a name DynamoDB takes
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

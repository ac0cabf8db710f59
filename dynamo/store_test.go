package dynamo_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/matryer/is"

	"github.com/dynasession/dynasession/dynamo"
)

func TestNewStoreRefusesANilAPI(t *testing.T) {
	is := is.New(t)
	for _, api := range []dynamo.API{nil, (*dynamodb.Client)(nil)} {
		_, err := dynamo.NewStore(api, nil)
		is.True(err != nil)
		is.True(strings.Contains(err.Error(), "api is nil"))
	}
}

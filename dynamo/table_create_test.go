package dynamo_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/matryer/is"

	"github.com/dynasession/dynasession/dynamo"
)

func TestCreateTableCreatesWaitsAndEnablesTTL(t *testing.T) {
	is := is.New(t)
	s := &tables{created: 2}
	is.NoErr(dynamo.CreateTable(t.Context(), s, "app_session"))
	is.Equal(s.changes, []string{"create PAY_PER_REQUEST", "ttl on expires"})
	is.Equal(s.table.TableStatus, types.TableStatusActive) // usable when it returns
	is.NoErr(dynamo.CheckTable(t.Context(), s, "app_session"))

	is.NoErr(dynamo.CreateTable(t.Context(), s, "app_session")) // again is harmless
	is.Equal(len(s.changes), 2)
}

func TestCreateTableCompletesAnExistingTable(t *testing.T) {
	is := is.New(t)
	s := existing("", "S", "id")
	is.NoErr(dynamo.CreateTable(t.Context(), s, "app_session"))
	is.Equal(s.changes, []string{"ttl on expires"})
}

func TestCreateTableLosesARaceGracefully(t *testing.T) {
	is := is.New(t)
	s := existing("", "S", "id")
	s.failTTL = func(s *tables) error {
		s.ttl = types.TimeToLiveDescription{AttributeName: aws.String("expires"), TimeToLiveStatus: types.TimeToLiveStatusEnabled}
		return errors.New("TimeToLive is already enabled")
	}
	is.NoErr(dynamo.CreateTable(t.Context(), s, "app_session"))

	s = existing("", "S", "id")
	s.failTTL = func(*tables) error { return errors.New("denied") }
	err := dynamo.CreateTable(t.Context(), s, "app_session")
	is.True(err != nil && strings.Contains(err.Error(), "denied")) // and a true failure is one
}

package dynamo_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/matryer/is"

	"github.com/dynasession/dynasession/dynamo"
)

// What is wrong, and how to mend it; everything at once.
func TestCheckTableSaysWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		table *tables
		want  []string // empty: it fits
	}{
		"fits":          {existing("expires", "S", "id"), nil},
		"no table":      {&tables{}, []string{"does not exist", "dynamo.CreateTable"}},
		"TTL off":       {existing("", "S", "id"), []string{"TTL is off", "enable it", "`expires`"}},
		"TTL elsewhere": {existing("ttl", "S", "id"), []string{"`ttl`", "must be on `expires`"}},
		"another key":   {existing("expires", "S", "pk"), []string{"`pk`", "must be `id` alone"}},
		"a sort key":    {existing("expires", "S", "id", "sk"), []string{"`id` and `sk`", "must be `id` alone"}},
		"a number":      {existing("expires", "N", "id"), []string{"type N, must be S"}},
		"all wrong":     {existing("", "N", "id"), []string{"type N", "TTL is off"}},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			err := dynamo.CheckTable(t.Context(), c.table, "app_session")
			if len(c.want) == 0 {
				is.NoErr(err)
				return
			}
			is.True(err != nil)
			for _, want := range c.want {
				is.True(strings.Contains(err.Error(), want))
			}
			is.True(strings.Contains(err.Error(), `"app_session"`))
			is.Equal(len(c.table.changes), 0) // a check changes nothing
		})
	}
}

func TestTableNameIsChecked(t *testing.T) {
	is := is.New(t)
	for _, call := range []func(context.Context, dynamo.TableAPI, string) error{dynamo.CreateTable, dynamo.CheckTable} {
		err := call(t.Context(), &tables{}, "")
		is.True(err != nil && strings.Contains(err.Error(), "table is empty"))
	}
}

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

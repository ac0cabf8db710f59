package dynamo_test

import (
	"context"
	"strings"
	"testing"

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

package engine

import (
	"errors"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/dynamo"
	"github.com/dynasession/dynasession/sessions/driver"
)

func TestStore_IsOnATableThatFits(t *testing.T) {
	is := is.New(t)
	table := NewTable(t)
	is.NoErr(dynamo.CheckTable(t.Context(), Client(t), table))
	_, err := Store(t, table).Load(t.Context(), "none")
	is.True(errors.Is(err, driver.ErrNotFound))
}

package memstore_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/memstore"
)

var start = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// record returns one that is written at the given time and lives for an hour.
func record(key string, at time.Time) sessions.Record {
	return sessions.Record{
		Key: key, Payload: codec.Opaque("json", []byte(`{"n":1}`)), Rev: "rev-of-" + key,
		Created: at, Accessed: at, IdleTimeout: time.Hour, AbsoluteTimeout: 12 * time.Hour,
	}
}

// filled returns a store that holds n records written at start, and its clock.
func filled(t testing.TB, n int) (*memstore.Store, *clock.Fake) {
	t.Helper()
	c := clock.NewFake(start)
	s := memstore.New(&memstore.Config{Clock: c})
	for i := range n {
		if err := s.Create(t.Context(), record(fmt.Sprint("key", i), start)); err != nil {
			t.Fatal(err)
		}
	}
	return s, c
}

package memstore_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/memstore"
)

var start = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// record returns a record that is written at the given time and lives for an hour.
func record(key string, at time.Time) driver.Record {
	return driver.Record{
		Key: key, Payload: codec.Opaque("json", []byte(`{"n":1}`)), Rev: "rev-of-" + key,
		Created: at, Accessed: at, IdleTimeout: time.Hour, AbsoluteTimeout: 12 * time.Hour,
	}
}

// marker returns a marker that is written at the given time and stays for a quarter of an hour.
func marker(rev string, at time.Time) driver.Marker {
	return driver.Marker{Why: driver.Destroyed, Rev: rev, At: at, Until: at.Add(15 * time.Minute)}
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

// write makes a write that changes nothing, and so only sweeps.
func write(t testing.TB, s *memstore.Store) {
	t.Helper()
	if _, err := s.End(t.Context(), driver.End{Key: "none"}); err != nil {
		t.Fatal(err)
	}
}

package dynamo_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/dynasession/dynasession/sessions/driver"
)

// Any item is a session, ErrDecode or ErrNotFound, and never causes a panic.
func FuzzLoad(f *testing.F) {
	f.Add(`{"id":{"S":"k"},"created":{"S":"2026-03-01T09:00:00+00:00"},"accessed":{"S":"2026-03-01T09:00:00.123456+00:00"},` +
		`"expires":{"N":"1"},"idle_timeout":{"N":"7200"},"absolute_timeout":{"N":"43200"},"data":{"S":"{}"}}`)
	f.Add(`{"id":{"S":"k"},"rev":{"S":"r"},"data":{"B":"gQE="},"format":{"S":"msgpack"},"subject":{"N":"1"}}`)
	f.Add(`{"id":{"S":"k"},"data":{"M":{"a":{"L":[{"NULL":true},{"SS":["a"]}]}}},"format":{"S":"dynamodb"},"expires":{"N":"-1e99"}}`)
	f.Add(`{"rev":{"S":"r"},"expires":{"N":"99999999999999999999"},"epoch":{"N":"1"},"s:a":{"N":"1"}}`)
	f.Fuzz(func(t *testing.T, item string) {
		if !json.Valid([]byte(item)) {
			return
		}
		store, _ := newStore(t, ok(`{"Item":`+item+`}`))
		rec, err := store.Load(t.Context(), "k")
		if err == nil && (rec.Payload == nil || rec.IdleTimeout < 0 || rec.AbsoluteTimeout < 0 || rec.Created.IsZero() && rec.Created.Location() == nil) {
			t.Error("half a record")
		}
		if err != nil && !errors.Is(err, driver.ErrDecode) && !errors.Is(err, driver.ErrNotFound) && !errors.Is(err, driver.ErrUnavailable) {
			t.Errorf("%v", err)
		}
		if _, err := store.LoadRosters(t.Context(), "k"); err != nil && !errors.Is(err, driver.ErrDecode) && !errors.Is(err, driver.ErrUnavailable) {
			t.Errorf("%v", err)
		}
	})
}

package dynamo_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions/driver"
)

// bad is a payload whose Bytes fails.
type bad struct{}

func (bad) Format() string         { return "bad" }
func (bad) Bytes() ([]byte, error) { return nil, errors.New("no bytes") }

func TestRecordsThatCannotBeStoredAreRefusedBeforeTheCall(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*driver.Record)
		want  string
	}{
		"no key":            {func(r *driver.Record) { r.Key = "" }, "key of 0 bytes"},
		"key not UTF-8":     {func(r *driver.Record) { r.Key = "k\xff" }, "key: must be UTF-8"},
		"key too long":      {func(r *driver.Record) { r.Key = strings.Repeat("k", 2049) }, "key of 2049 bytes"},
		"no payload":        {func(r *driver.Record) { r.Payload = nil }, "no payload"},
		"no format":         {func(r *driver.Record) { r.Payload = codec.Opaque("", nil) }, "no format"},
		"JSON in Latin 1":   {func(r *driver.Record) { r.Payload = codec.Opaque("json", []byte("\"caf\xe9\"")) }, "not UTF-8"},
		"no bytes":          {func(r *driver.Record) { r.Payload = bad{} }, "no bytes"},
		"native, but isn't": {func(r *driver.Record) { r.Payload = codec.Opaque("dynamodb", []byte("?")) }, "payload"},
		"created too late":  {func(r *driver.Record) { r.Created = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }, "created: year 10000"},
		"accessed too soon": {func(r *driver.Record) { r.Accessed = time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC) }, "accessed: year 0"},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			store, w := newStore(t, fine)
			rec := record()
			c.spoil(&rec)
			for _, err := range []error{
				store.Create(t.Context(), rec), store.Replace(t.Context(), rec, "base"),
			} {
				is.True(err != nil)
				is.True(strings.Contains(err.Error(), c.want))
			}
			is.Equal(len(w.sent), 0)
		})
	}
}

// The limit is 400 KB, names and values counted. A record of that size is stored; a larger one is
// not sent.
func TestTooLargeIsRefusedBeforeTheCall(t *testing.T) {
	is := is.New(t)
	store, w := newStore(t, fine)
	rec := record()
	var large *driver.TooLargeError
	rec.Payload = codec.Opaque("msgpack", make([]byte, 500000))
	is.True(errors.As(store.Create(t.Context(), rec), &large))
	is.Equal(large.Limit, 409600)
	rest := large.Size - 500000 // the item's size without its data

	rec.Payload = codec.Opaque("msgpack", make([]byte, 409600-rest))
	is.NoErr(store.Create(t.Context(), rec)) // exactly at the limit
	is.Equal(len(w.sent), 1)

	rec.Payload = codec.Opaque("msgpack", make([]byte, 409600-rest+1))
	for _, err := range []error{
		store.Create(t.Context(), rec), store.Replace(t.Context(), rec, "base"),
	} {
		wants.Err(t, err, driver.ErrTooLarge)
		is.True(errors.As(err, &large))
		is.Equal(large.Size, 409601)
	}
	is.Equal(len(w.sent), 1) // no further call
}

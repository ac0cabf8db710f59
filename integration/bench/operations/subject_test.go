package operations

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/attribute"
	"github.com/dynasession/dynasession/codec/msgpack"
	"github.com/dynasession/dynasession/dynamo"
	"github.com/dynasession/dynasession/integration/bench/canned"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/memstore"
)

// profile is the session data.
type profile struct {
	Name   string    `json:"name"`
	Locale string    `json:"locale"`
	Theme  string    `json:"theme"`
	Visits int       `json:"visits"`
	Admin  bool      `json:"admin"`
	Seen   time.Time `json:"seen"`
}

func example() profile {
	return profile{Name: "n", Locale: "de-AT", Theme: "dark", Visits: 12, Admin: true, Seen: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}
}

var codecs = []struct {
	name string
	codec.Codec[profile]
}{
	{"JSON", codec.JSON[profile]{}},
	{"MessagePack", msgpack.Codec[profile]{}},
	{"native", attribute.Codec[profile]{}},
}

var operations = []string{"Load", "Save", "Create", "Renew"}

// callsOf is the number of SDK calls that each operation makes.
var callsOf = map[string]int{"Load": 1, "Save": 1, "Create": 1, "Renew": 2}

// call is an operation to be measured.
type call func(context.Context) error

// subjects returns the operations on a store. Each has a session of its own; that of Load is in
// loads.
func subjects(t *testing.T, store sessions.Store, c codec.Codec[profile], loads sessions.Store) map[string]call {
	t.Helper()
	is := is.New(t)
	manager := func(store sessions.Store) *sessions.Manager[profile] {
		m, err := sessions.New(store, &sessions.Config[profile]{Codec: c, Clock: clock.NewFake(example().Seen)})
		is.NoErr(err)
		return m
	}
	m := manager(store)
	saved, err := m.CreateAndSave(t.Context(), example())
	is.NoErr(err)
	renewed, err := m.CreateAndSave(t.Context(), example())
	is.NoErr(err)
	loaded, err := manager(loads).CreateAndSave(t.Context(), example())
	is.NoErr(err)
	id := loaded.ID().Secret()
	return map[string]call{
		"Load":   func(ctx context.Context) error { _, err := m.Load(ctx, id); return err },
		"Save":   func(ctx context.Context) error { saved.Data.Visits++; return m.Save(ctx, saved) },
		"Create": func(ctx context.Context) error { _, err := m.CreateAndSave(ctx, example()); return err },
		"Renew":  func(ctx context.Context) error { return m.Renew(ctx, renewed) },
	}
}

// onMemory returns the operations on memstore.
func onMemory(t *testing.T, c codec.Codec[profile]) map[string]call {
	store := memstore.New(nil)
	return subjects(t, store, c, store)
}

// onDynamo returns the operations on package dynamo over a canned DynamoDB, and the bare SDK calls
// of each.
func onDynamo(t *testing.T, c codec.Codec[profile], transport func(*canned.Kept) http.RoundTripper) (ours, bare map[string]call) {
	t.Helper()
	is := is.New(t)
	var service canned.Service
	puts, err := dynamo.NewStore(canned.Client(&service), nil)
	is.NoErr(err)
	subjects(t, puts, c, puts) // stores an item for the canned GetItem
	api := &recorder{Client: canned.Client(transport(service.Keep()))}
	store, err := dynamo.NewStore(api, nil)
	is.NoErr(err)
	ours, bare = subjects(t, store, c, puts), map[string]call{}
	for name, operation := range ours {
		bare[name], err = api.bare(t.Context(), operation)
		is.NoErr(err)
		is.Equal(len(api.in), callsOf[name])
	}
	return ours, bare
}

// encoding returns the codec call that each operation makes.
func encoding(t *testing.T, c codec.Codec[profile]) map[string]call {
	t.Helper()
	p, err := c.Encode(example())
	is.New(t).NoErr(err)
	encode := func(context.Context) error { _, err := c.Encode(example()); return err }
	decode := func(context.Context) error { _, err := c.Decode(p); return err }
	return map[string]call{"Load": decode, "Save": encode, "Create": encode, "Renew": encode}
}

package store_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/matryer/is"

	"github.com/dynasession/dynasession/integration/engine"
	"github.com/dynasession/dynasession/integration/faults"
	"github.com/dynasession/dynasession/sessions"
)

// meddler is a network that loses the answer to the first attempt of an operation, and in which then, before the next attempt,
// something happens.
type meddler struct {
	*faults.Transport
	happens func()
}

func (m *meddler) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := m.Transport.RoundTrip(r)
	if err != nil && m.happens != nil {
		m.happens()
		m.happens = nil
	}
	return response, err
}

// Each write, applied and its answer lost: what it says after what another did meanwhile.
func TestRetry_AfterAnAnswerThatWasLost(t *testing.T) {
	type write struct {
		operation string
		call      func(p place, old, next sessions.Record) error
	}
	writes := map[string]write{
		"Create": {"PutItem", func(p place, _, next sessions.Record) error { return p.Create(t.Context(), next) }},
		"Replace": {"UpdateItem", func(p place, old, next sessions.Record) error {
			next.Key = old.Key
			return p.Replace(t.Context(), next, old.Rev)
		}},
		"Rename": {"TransactWriteItems", func(p place, old, next sessions.Record) error { return p.Rename(t.Context(), old.Key, next, old.Rev) }},
		"Touch": {"UpdateItem", func(p place, old, _ sessions.Record) error {
			return p.Touch(t.Context(), old.Key, old.Accessed.Add(time.Minute), old.ExpiresAt().Add(time.Minute))
		}},
		"Delete": {"DeleteItem", func(p place, old, _ sessions.Record) error { return p.Delete(t.Context(), old.Key) }},
	}
	nothing := func(place, string) error { return nil }
	changed := func(p place, key string) error {
		rec, err := p.Load(t.Context(), key)
		if err != nil {
			return err
		}
		rev := rec.Rev
		rec.Rev = "theirs"
		return p.Replace(t.Context(), rec, rev)
	}
	deleted := func(p place, key string) error { return p.Delete(t.Context(), key) }
	for _, c := range []struct {
		write, meanwhile string
		happens          func(place, string) error
		concerns         string // the key
		want             error
	}{
		{"Create", "nothing", nothing, "new", nil},
		{"Create", "changed", changed, "new", sessions.ErrOutcomeUnknown},
		{"Create", "deleted", deleted, "new", nil}, // by nobody but who knew the ID, before it was even given out: stored again
		{"Replace", "nothing", nothing, "old", nil},
		{"Replace", "changed", changed, "old", sessions.ErrOutcomeUnknown},
		{"Replace", "deleted", deleted, "old", sessions.ErrOutcomeUnknown},
		{"Rename", "nothing", nothing, "new", nil},
		{"Rename", "changed", changed, "new", nil}, // the transaction's token tells
		{"Rename", "deleted", deleted, "new", nil},
		{"Touch", "nothing", nothing, "old", nil},
		{"Touch", "changed", changed, "old", nil},
		{"Touch", "deleted", deleted, "old", sessions.ErrNotFound},
		{"Delete", "nothing", nothing, "old", nil},
	} {
		t.Run(c.write+", and "+c.meanwhile, func(t *testing.T) {
			is := is.New(t)
			network := &meddler{Transport: faults.New(nil, 1, nil)}
			p := newPlace(t, func(o *dynamodb.Options) { o.HTTPClient = &http.Client{Transport: network} })
			others := place{Store: engine.Store(t, p.table), client: p.client, table: p.table}
			old, next := record("old"), record("new")
			next.Rev = "second"
			is.NoErr(others.Create(t.Context(), old))
			network.Plan(writes[c.write].operation, faults.CutAfter)
			network.happens = func() { is.NoErr(c.happens(others, c.concerns)) }
			err := writes[c.write].call(p, old, next)
			if c.want == nil {
				is.NoErr(err)
			} else {
				is.True(errors.Is(err, c.want))
			}
			is.True(!errors.Is(err, sessions.ErrConflict) && !errors.Is(err, sessions.ErrExists)) // never a guess
			is.Equal(network.Counts()[faults.CutAfter], 1)
		})
	}
}

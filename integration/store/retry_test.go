package store_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/matryer/is"

	"github.com/dynasession/dynasession/integration/engine"
	"github.com/dynasession/dynasession/integration/faults"
	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions/driver"
)

// meddler is a network that loses the response to an operation's first attempt. Before the next
// attempt it calls happens.
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

func ending(rev string) driver.Marker {
	now := time.Now().UTC().Truncate(time.Microsecond)
	return driver.Marker{Why: driver.Destroyed, Rev: rev, At: now, Until: now.Add(15 * time.Minute).Truncate(time.Second)}
}

// A write was applied but its response was lost. Its result depends on what another client has done
// before the retry.
func TestRetry_AfterAnAnswerThatWasLost(t *testing.T) {
	type write struct {
		operation string
		call      func(p place, old, next driver.Record) error
	}
	writes := map[string]write{
		"Create": {"PutItem", func(p place, _, next driver.Record) error { return p.Create(t.Context(), next) }},
		"Replace": {"UpdateItem", func(p place, old, next driver.Record) error {
			next.Key = old.Key
			return p.Replace(t.Context(), next, old.Rev)
		}},
		"Touch": {"UpdateItem", func(p place, old, _ driver.Record) error {
			return p.Touch(t.Context(), old.Key, old.Accessed.Add(time.Minute), old.ExpiresAt().Add(time.Minute))
		}},
		"Bind": {"UpdateItem", func(p place, old, _ driver.Record) error {
			return p.Bind(t.Context(), old.Key, []byte{1}, nil)
		}},
		"End": {"PutItem", func(p place, old, _ driver.Record) error {
			_, err := p.End(t.Context(), driver.End{Key: old.Key, Marker: ending("ours"), If: &driver.State{Rev: old.Rev}})
			return err
		}},
		"Delete": {"DeleteItem", func(p place, old, _ driver.Record) error {
			_, err := p.End(t.Context(), driver.End{Key: old.Key})
			return err
		}},
		"Delete if": {"DeleteItem", func(p place, old, _ driver.Record) error {
			_, err := p.End(t.Context(), driver.End{Key: old.Key, If: &driver.State{Rev: old.Rev}})
			return err
		}},
		"Enter": {"UpdateItem", func(p place, old, _ driver.Record) error {
			_, err := p.ChangeRoster(t.Context(), driver.RosterChange{
				Key: "subject:x", Rev: "ours", IfRev: new(""), Enter: "old", Deadline: old.Deadline(), Expires: old.Deadline(),
			})
			return err
		}},
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
	ended := func(p place, key string) error {
		_, err := p.End(t.Context(), driver.End{Key: key, Marker: ending("theirs")})
		return err
	}
	left := func(p place, key string) error {
		_, err := p.ChangeRoster(t.Context(), driver.RosterChange{Key: "subject:x", Rev: "theirs", Leave: []string{key}, Expires: day(1)})
		return err
	}
	for _, c := range []struct {
		write, meanwhile string
		happens          func(place, string) error
		concerns         string // the record's key
		want             error
	}{
		{"Create", "nothing", nothing, "new", nil},
		{"Create", "changed", changed, "new", driver.ErrOutcomeUnknown},
		{"Create", "ended", ended, "new", driver.ErrEnded},
		{"Replace", "nothing", nothing, "old", nil},
		{"Replace", "changed", changed, "old", driver.ErrOutcomeUnknown},
		{"Replace", "ended", ended, "old", driver.ErrOutcomeUnknown},
		{"Touch", "nothing", nothing, "old", nil},
		{"Touch", "changed", changed, "old", nil},
		{"Touch", "ended", ended, "old", driver.ErrEnded},
		{"Bind", "nothing", nothing, "old", nil},
		{"Bind", "changed", changed, "old", nil},
		{"Bind", "ended", ended, "old", driver.ErrOutcomeUnknown},
		{"End", "nothing", nothing, "old", nil},
		{"Delete", "nothing", nothing, "old", nil},
		{"Delete if", "nothing", nothing, "old", driver.ErrOutcomeUnknown},
		{"Enter", "nothing", nothing, "old", nil},
		{"Enter", "left", left, "old", driver.ErrOutcomeUnknown},
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
				wants.Err(t, err, c.want)
			}
			for _, guess := range []error{driver.ErrConflict, driver.ErrExists, driver.ErrRoster} {
				wants.NotErr(t, err, guess)
			}
			is.Equal(network.Counts()[faults.CutAfter], 1)
		})
	}
}

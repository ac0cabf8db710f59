package torture_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/dynasession/dynasession/dynamo"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
)

// unguarded is an API whose UpdateItem ignores the expected rev, so that every Replace succeeds.
type unguarded struct{ dynamo.API }

func (u unguarded) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, o ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	if strings.Contains(aws.ToString(in.ConditionExpression), "#rev = :old") {
		in.ConditionExpression = aws.String("attribute_exists(idle_timeout)")
		delete(in.ExpressionAttributeValues, ":old")
	}
	return u.API.UpdateItem(ctx, in, o...)
}

// overwriting is an API whose PutItem stores a record without its condition, so that the record can
// replace a marker.
type overwriting struct{ dynamo.API }

func (w overwriting) PutItem(ctx context.Context, in *dynamodb.PutItemInput, o ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	if in.Item["ended"] == nil {
		in.ConditionExpression, in.ExpressionAttributeNames, in.ExpressionAttributeValues = nil, nil, nil
	}
	return w.API.PutItem(ctx, in, o...)
}

// forgetful is a store that leaves no markers.
type forgetful struct{ driver.Store }

func (f forgetful) End(ctx context.Context, e driver.End) (driver.Record, error) {
	e.Marker = driver.Marker{}
	return f.Store.End(ctx, e)
}

// hasty is a store that commits a renewal even if the session was changed in the meantime.
type hasty struct{ driver.Store }

func (h hasty) End(ctx context.Context, e driver.End) (driver.Record, error) {
	if e.Marker.Why == driver.Renewed {
		e.If = nil
	}
	return h.Store.End(ctx, e)
}

// aimless is a store whose markers lack the new key of a renewed session.
type aimless struct{ driver.Store }

func (a aimless) End(ctx context.Context, e driver.End) (driver.Record, error) {
	if e.Marker.Why == driver.Renewed {
		e.Marker.Why, e.Marker.Next = driver.Destroyed, ""
	}
	return a.Store.End(ctx, e)
}

// unlisted is a store whose rosters stay empty.
type unlisted struct{ driver.Store }

func (u unlisted) ChangeRoster(ctx context.Context, c driver.RosterChange) (driver.Roster, error) {
	c.Enter, c.Deadline = "", time.Time{}
	return u.Store.ChangeRoster(ctx, c)
}

// dropping is a store that removes sessions from rosters before they have ended.
type dropping struct{ driver.Store }

func (d dropping) End(ctx context.Context, e driver.End) (driver.Record, error) {
	if e.Marker.Why == driver.Revoked {
		return driver.Record{}, nil
	}
	return d.Store.End(ctx, e)
}

// open is a store that hides which application a session belongs to.
type open struct{ driver.Store }

func (o open) Load(ctx context.Context, key string) (driver.Record, error) {
	rec, err := o.Store.Load(ctx, key)
	rec.Application = ""
	return rec, err
}

// stubborn returns a cache in front of each host that keeps a session for a time, even if it was
// changed or ended.
func stubborn(w *world, keep time.Duration) peek {
	type key struct {
		m  *sessions.Manager[ledger]
		id string
	}
	type seen struct {
		s  *sessions.Session[ledger]
		at time.Time
	}
	var mu sync.Mutex
	all := map[key]seen{}
	return func(m *sessions.Manager[ledger], ctx context.Context, id string) (*sessions.Session[ledger], error) {
		now := w.clock.Now()
		mu.Lock()
		known, ok := all[key{m, id}]
		mu.Unlock()
		if ok && now.Sub(known.at) < keep && known.s.ExpiresAt().After(now) {
			return known.s, nil
		}
		s, err := m.Peek(ctx, id)
		if err == nil {
			mu.Lock()
			all[key{m, id}] = seen{s, now}
			mu.Unlock()
		}
		return s, err
	}
}

// The history of a broken store shows an anomaly within seconds.
func TestSaboteurs(t *testing.T) {
	for name, by := range map[string]sabotage{
		"a Replace without a condition on the rev": {api: func(api dynamo.API) dynamo.API { return unguarded{api} }},
		"a Create that overwrites":                 {api: func(api dynamo.API) dynamo.API { return overwriting{api} }},
		"an End without a marker":                  {store: func(s driver.Store) driver.Store { return forgetful{s} }},
		"a commit without a condition":             {store: func(s driver.Store) driver.Store { return hasty{s} }},
		"a renewal that says not whereto":          {store: func(s driver.Store) driver.Store { return aimless{s} }},
		"a login that enters no roster":            {store: func(s driver.Store) driver.Store { return unlisted{s} }},
		"a revocation that only drops entries":     {store: func(s driver.Store) driver.Store { return dropping{s} }},
		"applications that aren't told apart":      {store: func(s driver.Store) driver.Store { return open{s} }},
		"a memory that lasts too long":             {peek: func(w *world) peek { return stubborn(w, time.Hour) }},
		"a memory that misses what its host does":  {peek: func(w *world) peek { return stubborn(w, peekFor/2) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()                   // each waits for its late requests most of the time
			for round := range uint64(8) { // one or two rounds suffice on most machines
				w := newWorld(t, round, by)
				w.run(t, 3*time.Second)
				if anomalies := w.check(t); len(anomalies) > 0 {
					t.Logf("round %d: %d anomalies, the first: %s", round, len(anomalies), anomalies[0])
					return
				}
			}
			t.Fatal("not caught")
		})
	}
}

package sessions

import (
	"context"
	"time"
)

// counted counts the calls of a store, for an Observer.
type counted struct{ Store }

// countedRosters is a counted store that keeps rosters.
type countedRosters struct {
	counted
	rosters SubjectStore
}

func counting(store Store) Store {
	if rosters, ok := store.(SubjectStore); ok {
		return &countedRosters{counted{store}, rosters}
	}
	return &counted{store}
}

func count(ctx context.Context) {
	if e := EffortOf(ctx); e != nil {
		e.calls++
	}
}

func (c *counted) Create(ctx context.Context, rec Record) error {
	count(ctx)
	return c.Store.Create(ctx, rec)
}

func (c *counted) Load(ctx context.Context, key string) (Record, error) {
	count(ctx)
	return c.Store.Load(ctx, key)
}

func (c *counted) Replace(ctx context.Context, rec Record, rev string) error {
	count(ctx)
	return c.Store.Replace(ctx, rec, rev)
}

func (c *counted) Rename(ctx context.Context, from string, rec Record, rev string) error {
	count(ctx)
	return c.Store.Rename(ctx, from, rec, rev)
}

func (c *counted) Touch(ctx context.Context, key string, accessed, expires time.Time) error {
	count(ctx)
	return c.Store.Touch(ctx, key, accessed, expires)
}

func (c *counted) Delete(ctx context.Context, key string) error {
	count(ctx)
	return c.Store.Delete(ctx, key)
}

func (c *countedRosters) LoadRoster(ctx context.Context, key string) (Roster, error) {
	count(ctx)
	return c.rosters.LoadRoster(ctx, key)
}

func (c *countedRosters) Transact(ctx context.Context, t Transaction) error {
	count(ctx)
	return c.rosters.Transact(ctx, t)
}

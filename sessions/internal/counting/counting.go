// Package counting counts a store's calls, for an observer, and makes every error of a store one of
// package driver's.
package counting

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/sessions/driver"
)

// New returns a store that notes the calls of store in the driver.Trace of their context. It turns
// an error that package driver doesn't know into a driver.ErrUnavailable, since the store could not
// do its work, and so an answer that is not about the keys asked for.
func New(store driver.Store) driver.Store { return &countingStore{store} }

// countingStore embeds nothing and implements every method, so that it doesn't compile when the
// contract gets another one.
type countingStore struct{ store driver.Store }

func (c *countingStore) Create(ctx context.Context, rec driver.Record) error {
	driver.TraceFrom(ctx).Called()
	return known(c.store.Create(ctx, rec))
}

func (c *countingStore) Load(ctx context.Context, key string) (driver.Record, error) {
	driver.TraceFrom(ctx).Called()
	out, err := c.store.Load(ctx, key)
	return out, known(err)
}

func (c *countingStore) LoadAll(ctx context.Context, keys []string) ([]driver.Loaded, error) {
	driver.TraceFrom(ctx).Called()
	out, err := c.store.LoadAll(ctx, keys)
	return out, whole(len(out), len(keys), known(err))
}

func (c *countingStore) Replace(ctx context.Context, rec driver.Record, rev string) error {
	driver.TraceFrom(ctx).Called()
	return known(c.store.Replace(ctx, rec, rev))
}

func (c *countingStore) Touch(ctx context.Context, key string, accessed, expires time.Time) error {
	driver.TraceFrom(ctx).Called()
	return known(c.store.Touch(ctx, key, accessed, expires))
}

func (c *countingStore) Bind(ctx context.Context, key string, binding, was []byte) error {
	driver.TraceFrom(ctx).Called()
	return known(c.store.Bind(ctx, key, binding, was))
}

func (c *countingStore) End(ctx context.Context, e driver.End) (driver.Record, error) {
	driver.TraceFrom(ctx).Called()
	out, err := c.store.End(ctx, e)
	return out, known(err)
}

func (c *countingStore) LoadRosters(ctx context.Context, keys ...string) ([]driver.Roster, error) {
	driver.TraceFrom(ctx).Called()
	out, err := c.store.LoadRosters(ctx, keys...)
	return out, whole(len(out), len(keys), known(err))
}

func (c *countingStore) ChangeRoster(ctx context.Context, change driver.RosterChange) (driver.Roster, error) {
	driver.TraceFrom(ctx).Called()
	out, err := c.store.ChangeRoster(ctx, change)
	return out, known(err)
}

func (c *countingStore) Clock() clock.Clock { return c.store.Clock() }

func (c *countingStore) Name() string { return c.store.Name() }

// whole returns err or, if there is none, an error unless there is one result for each key.
func whole(results, keys int, err error) error {
	if err == nil && results != keys {
		return fmt.Errorf("%w: it returned %d results for %d keys", driver.ErrUnavailable, results, keys)
	}
	return err
}

func known(err error) error {
	if err == nil {
		return nil
	}
	for _, of := range []error{
		driver.ErrNotFound, driver.ErrExists, driver.ErrConflict, driver.ErrRoster, driver.ErrTooLarge, driver.ErrDecode, driver.ErrUnavailable,
	} {
		if errors.Is(err, of) {
			return err
		}
	}
	return fmt.Errorf("%w: %w", driver.ErrUnavailable, err)
}

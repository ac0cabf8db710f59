package sessions_test

import (
	"context"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/memstore"
)

// start is when the tests' clocks begin: within a second, and to the microsecond, so that rounding shows.
var start = time.Date(2026, 3, 1, 9, 0, 0, 123456000, time.UTC)

// cart is the application's own struct.
type cart struct {
	Items []string `json:"items"`
	Count int      `json:"count"`
}

// cued is a store that counts its calls and can be told to act otherwise. A nil function leaves the call as it is.
type cued struct {
	sessions.Store
	calls   []string
	create  func(context.Context, driver.Record) error
	load    func(context.Context, string) (driver.Record, error)
	replace func(context.Context, driver.Record, string) error
	rename  func(context.Context, string, driver.Record, string) error
	touch   func(context.Context, string, time.Time, time.Time) error
	remove  func(context.Context, string) error
}

func (c *cued) Create(ctx context.Context, rec driver.Record) error {
	c.calls = append(c.calls, "Create")
	if c.create != nil {
		return c.create(ctx, rec)
	}
	return c.Store.Create(ctx, rec)
}

func (c *cued) Load(ctx context.Context, key string) (driver.Record, error) {
	c.calls = append(c.calls, "Load")
	if c.load != nil {
		return c.load(ctx, key)
	}
	return c.Store.Load(ctx, key)
}

func (c *cued) Replace(ctx context.Context, rec driver.Record, rev string) error {
	c.calls = append(c.calls, "Replace")
	if c.replace != nil {
		return c.replace(ctx, rec, rev)
	}
	return c.Store.Replace(ctx, rec, rev)
}

func (c *cued) Rename(ctx context.Context, from string, rec driver.Record, rev string) error {
	c.calls = append(c.calls, "Rename")
	if c.rename != nil {
		return c.rename(ctx, from, rec, rev)
	}
	return c.Store.Rename(ctx, from, rec, rev)
}

func (c *cued) Touch(ctx context.Context, key string, accessed, expires time.Time) error {
	c.calls = append(c.calls, "Touch")
	if c.touch != nil {
		return c.touch(ctx, key, accessed, expires)
	}
	return c.Store.Touch(ctx, key, accessed, expires)
}

func (c *cued) Delete(ctx context.Context, key string) error {
	c.calls = append(c.calls, "Delete")
	if c.remove != nil {
		return c.remove(ctx, key)
	}
	return c.Store.Delete(ctx, key)
}

// took returns the calls since it was last asked.
func (c *cued) took() []string {
	calls := c.calls
	c.calls = nil
	return calls
}

// world is a Manager with all that a test moves: its store and its clock, and a second Manager on the same store.
type world struct {
	*sessions.Manager[cart]
	other *sessions.Manager[cart]
	store *cued
	mem   *memstore.Store
	clock *clock.Fake
}

func newWorld(t *testing.T, cfg *sessions.Config[cart]) world {
	t.Helper()
	is := is.New(t)
	c := clock.NewFake(start)
	mem := memstore.New(&memstore.Config{Clock: c})
	store := &cued{Store: mem}
	if cfg == nil {
		cfg = &sessions.Config[cart]{}
	}
	cfg.Clock = c
	m, err := sessions.New(store, cfg)
	is.NoErr(err)
	other, err := sessions.New(mem, cfg)
	is.NoErr(err)
	return world{Manager: m, other: other, store: store, mem: mem, clock: c}
}

// saved returns a session that is stored and holds data.
func (w world) saved(t *testing.T, data cart) *sessions.Session[cart] {
	t.Helper()
	s, err := w.CreateAndSave(t.Context(), data)
	if err != nil {
		t.Fatalf("create and save: %v", err)
	}
	w.store.took()
	return s
}

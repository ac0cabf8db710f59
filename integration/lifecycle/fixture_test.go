// Package lifecycle_test runs through sessions' lives with a Manager, in memory and on a real
// engine.
package lifecycle_test

import (
	"testing"
	"time"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/integration/engine"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/memstore"
)

// cart is the application's session data.
type cart struct {
	Items []string       `json:"items"`
	Count int64          `json:"count"`
	Since time.Time      `json:"since"`
	Notes map[string]any `json:"notes"`
}

// place is where sessions are stored, and a clock for it.
type place struct {
	clock *clock.Fake
	store func() sessions.Store // each call returns another process's store
	count func(t *testing.T) int
}

// places runs the test once in memory and once on the engine.
func places(t *testing.T, test func(t *testing.T, p place)) {
	// A time in the past would make the engine sweep the items.
	begin := time.Now().UTC().Truncate(time.Second).Add(500 * time.Millisecond)
	t.Run("memory", func(t *testing.T) {
		c := clock.NewFake(begin)
		store := memstore.New(&memstore.Config{Clock: c})
		test(t, place{c, func() sessions.Store { return store }, func(*testing.T) int { return store.Len() }})
	})
	t.Run("engine", func(t *testing.T) {
		table := engine.NewTable(t)
		test(t, place{clock.NewFake(begin), func() sessions.Store { return engine.Store(t, table) }, func(t *testing.T) int {
			return engine.Count(t, table)
		}})
	})
}

// manager returns the Manager of a new process.
func manager[T any](t *testing.T, p place, cfg sessions.Config[T]) *sessions.Manager[T] {
	t.Helper()
	cfg.Clock = p.clock
	m, err := sessions.New(p.store(), &cfg)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// saved returns a stored session with this data.
func saved[T any](t *testing.T, m *sessions.Manager[T], data T) *sessions.Session[T] {
	t.Helper()
	s, err := m.CreateAndSave(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// loaded returns the session with an ID, as another request would load it.
func loaded[T any](t *testing.T, m *sessions.Manager[T], id string) *sessions.Session[T] {
	t.Helper()
	s, err := m.Load(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

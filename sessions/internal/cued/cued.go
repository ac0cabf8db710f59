// Package cued has a store for tests, which records its calls and lets a test act at any of them.
package cued

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/dynasession/dynasession/sessions/driver"
)

// Call is one call of a [Store]. A test may change its arguments before Do, and its results
// afterwards.
type Call struct {
	Name    string // of the method: "Create"
	Key     string // the record's or roster's; the first of several
	Context context.Context

	Record  driver.Record       // that Create and Replace are given, and Load and End return
	Rev     string              // that Replace is given
	Time    time.Time           // that Touch is given
	End     driver.End          // that End is given
	Change  driver.RosterChange // that ChangeRoster is given
	Roster  driver.Roster       // that it returns
	Keys    []string            // that LoadAll and LoadRosters are given
	Loaded  []driver.Loaded     // that LoadAll returns
	Rosters []driver.Roster     // that LoadRosters returns

	do func(*Call) error
}

// Do makes the call on the store below. A test may call it later, and in another goroutine, like a
// request that the network has held back.
func (c *Call) Do() error { return c.do(c) }

// Store is a [driver.Store] in front of another. It records its calls and passes each to the
// function that a test has set for it. It is safe for concurrent use.
type Store struct {
	driver.Store

	mu    sync.Mutex
	names []string
	cues  map[string]func(*Call) error
}

// New returns a Store that passes its calls to store.
func New(store driver.Store) *Store {
	return &Store{Store: store, cues: map[string]func(*Call) error{}}
}

// On passes later calls of the method name to f instead of the store; "any" stands for every method
// without an f. A nil f passes them to the store again.
func (s *Store) On(name string, f func(*Call) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cues[name] = f
}

// Once is On for the next call only.
func (s *Store) Once(name string, f func(*Call) error) {
	s.On(name, func(c *Call) error {
		s.On(name, nil)
		return f(c)
	})
}

// Off removes every function that On and Once have set.
func (s *Store) Off() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.cues)
}

// Took returns the names of the calls since the last Took.
func (s *Store) Took() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	names := s.names
	s.names = nil
	return names
}

// call records c and makes it.
func (s *Store) call(c *Call) error {
	s.mu.Lock()
	s.names = append(s.names, c.Name)
	f := s.cues[c.Name]
	if f == nil {
		f = s.cues["any"]
	}
	s.mu.Unlock()
	if f == nil {
		return c.Do()
	}
	return f(c)
}

// Create implements [driver.Store].
func (s *Store) Create(ctx context.Context, rec driver.Record) error {
	return s.call(&Call{Name: "Create", Key: rec.Key, Context: ctx, Record: rec, do: func(c *Call) error {
		return s.Store.Create(c.Context, c.Record)
	}})
}

// Load implements [driver.Store].
func (s *Store) Load(ctx context.Context, key string) (driver.Record, error) {
	c := &Call{Name: "Load", Key: key, Context: ctx, do: func(c *Call) (err error) {
		c.Record, err = s.Store.Load(c.Context, c.Key)
		return err
	}}
	err := s.call(c)
	return c.Record, err
}

// LoadAll implements [driver.Store].
func (s *Store) LoadAll(ctx context.Context, keys []string) ([]driver.Loaded, error) {
	c := &Call{Name: "LoadAll", Keys: slices.Clone(keys), Context: ctx, do: func(c *Call) (err error) {
		c.Loaded, err = s.Store.LoadAll(c.Context, c.Keys)
		return err
	}}
	if len(keys) > 0 {
		c.Key = keys[0]
	}
	err := s.call(c)
	return c.Loaded, err
}

// Replace implements [driver.Store].
func (s *Store) Replace(ctx context.Context, rec driver.Record, rev string) error {
	return s.call(&Call{Name: "Replace", Key: rec.Key, Context: ctx, Record: rec, Rev: rev, do: func(c *Call) error {
		return s.Store.Replace(c.Context, c.Record, c.Rev)
	}})
}

// Touch implements [driver.Store].
func (s *Store) Touch(ctx context.Context, key string, accessed, expires time.Time) error {
	return s.call(&Call{Name: "Touch", Key: key, Context: ctx, Time: accessed, do: func(c *Call) error {
		return s.Store.Touch(c.Context, c.Key, c.Time, expires)
	}})
}

// Bind implements [driver.Store].
func (s *Store) Bind(ctx context.Context, key string, binding, was []byte) error {
	return s.call(&Call{Name: "Bind", Key: key, Context: ctx, do: func(c *Call) error {
		return s.Store.Bind(c.Context, c.Key, binding, was)
	}})
}

// End implements [driver.Store].
func (s *Store) End(ctx context.Context, e driver.End) (driver.Record, error) {
	c := &Call{Name: "End", Key: e.Key, Context: ctx, End: e, do: func(c *Call) (err error) {
		c.Record, err = s.Store.End(c.Context, c.End)
		return err
	}}
	err := s.call(c)
	return c.Record, err
}

// LoadRosters implements [driver.Store].
func (s *Store) LoadRosters(ctx context.Context, keys ...string) ([]driver.Roster, error) {
	c := &Call{Name: "LoadRosters", Keys: slices.Clone(keys), Context: ctx, do: func(c *Call) (err error) {
		c.Rosters, err = s.Store.LoadRosters(c.Context, c.Keys...)
		return err
	}}
	if len(keys) > 0 {
		c.Key = keys[0]
	}
	err := s.call(c)
	return c.Rosters, err
}

// ChangeRoster implements [driver.Store].
func (s *Store) ChangeRoster(ctx context.Context, change driver.RosterChange) (driver.Roster, error) {
	c := &Call{Name: "ChangeRoster", Key: change.Key, Context: ctx, Change: change, do: func(c *Call) (err error) {
		c.Roster, err = s.Store.ChangeRoster(c.Context, c.Change)
		return err
	}}
	err := s.call(c)
	return c.Roster, err
}

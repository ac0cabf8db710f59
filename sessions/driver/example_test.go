package driver_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/sessions/driver"
)

// mapStore is a complete store. It keeps sessions and rosters in two maps, and never sweeps them.
// Each method checks and writes under one lock; a store over a database does so in one conditional
// write of one row.
type mapStore struct {
	mu      sync.Mutex
	rows    map[string]row
	rosters map[string]driver.Roster
}

// row is what a key holds: a record, or the marker in its place.
type row struct {
	record  driver.Record
	expires time.Time // from when the record may be swept
	marker  *driver.Marker
}

func newMapStore() *mapStore {
	return &mapStore{rows: map[string]row{}, rosters: map[string]driver.Roster{}}
}

func (s *mapStore) Create(ctx context.Context, rec driver.Record) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	switch old, err := s.find(rec.Key); {
	case errors.Is(err, driver.ErrEnded): // nothing brings an ended session back
		return err
	case err != nil:
		s.put(rec)
		return nil
	case rec.Rev != "" && old.record.Rev == rec.Rev: // the answer to our first attempt was lost
		return nil
	default:
		return driver.ErrExists
	}
}

func (s *mapStore) Load(ctx context.Context, key string) (driver.Record, error) {
	if err := s.lock(ctx); err != nil {
		return driver.Record{}, err
	}
	defer s.mu.Unlock()
	r, err := s.find(key)
	r.record.Binding = bytes.Clone(r.record.Binding)
	return r.record, err
}

func (s *mapStore) LoadAll(ctx context.Context, keys []string) ([]driver.Loaded, error) {
	var all []driver.Loaded
	for _, key := range keys { // a database has a batch call
		rec, err := s.Load(ctx, key)
		if errors.Is(err, driver.ErrUnavailable) {
			return nil, err
		}
		all = append(all, driver.Loaded{Record: rec, Err: err})
	}
	return all, nil
}

func (s *mapStore) Replace(ctx context.Context, rec driver.Record, rev string) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	old, err := s.find(rec.Key)
	switch {
	case err != nil:
		return err
	case rec.Rev != "" && old.record.Rev == rec.Rev:
		return nil
	case old.record.Rev != rev:
		return driver.ErrConflict
	}
	rec.Binding = old.record.Binding
	s.put(rec)
	return nil
}

func (s *mapStore) Touch(ctx context.Context, key string, accessed, expires time.Time) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	r, err := s.find(key)
	if err == nil && accessed.After(r.record.Accessed) && !expires.Before(r.expires) {
		r.record.Accessed, r.expires = accessed.UTC(), expires
		s.rows[key] = r
	}
	return err
}

func (s *mapStore) Bind(ctx context.Context, key string, binding, was []byte) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	r, err := s.find(key)
	switch {
	case err != nil || bytes.Equal(r.record.Binding, binding):
		return err
	case !bytes.Equal(r.record.Binding, was):
		return driver.ErrConflict
	}
	r.record.Binding = bytes.Clone(binding)
	s.rows[key] = r
	return nil
}

func (s *mapStore) End(ctx context.Context, e driver.End) (driver.Record, error) {
	if err := s.lock(ctx); err != nil {
		return driver.Record{}, err
	}
	defer s.mu.Unlock()
	old, err := s.find(e.Key)
	switch want := e.If; {
	case old.marker != nil && old.marker.Rev == e.Marker.Rev:
		return driver.Record{}, nil
	case errors.Is(err, driver.ErrEnded):
		return driver.Record{}, err
	case want == nil:
	case want.Absent && err == nil:
		return driver.Record{}, driver.ErrConflict
	case want.Absent:
	case err != nil:
		return driver.Record{}, err
	case want.Rev != old.record.Rev, !want.Accessed.IsZero() && !want.Accessed.Equal(old.record.Accessed):
		return driver.Record{}, driver.ErrConflict
	}
	if e.Marker == (driver.Marker{}) {
		delete(s.rows, e.Key)
	} else {
		s.rows[e.Key] = row{marker: &e.Marker}
	}
	return old.record, nil
}

func (s *mapStore) LoadRosters(ctx context.Context, keys ...string) ([]driver.Roster, error) {
	if err := s.lock(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	var all []driver.Roster
	for _, key := range keys {
		all = append(all, s.roster(key))
	}
	return all, nil
}

func (s *mapStore) ChangeRoster(ctx context.Context, c driver.RosterChange) (driver.Roster, error) {
	if err := s.lock(ctx); err != nil {
		return driver.Roster{}, err
	}
	defer s.mu.Unlock()
	r := s.roster(c.Key)
	_, isListed := r.Entries[c.Enter]
	onlyLeaves := c.Enter == "" && !c.Bump && c.Pages == nil && !c.Close && c.Stale.IsZero() && c.Expires.IsZero()
	switch {
	case r.Rev == c.Rev:
		return r, nil
	case c.IfEpoch != nil && *c.IfEpoch != r.Epoch, c.IfRev != nil && *c.IfRev != r.Rev, c.IfPages != nil && *c.IfPages != r.Pages,
		c.Close && len(r.Entries) > 0:
		return r, driver.ErrRoster
	case c.Enter != "" && (r.Closed || !isListed && c.Most > 0 && len(r.Entries) >= c.Most):
		return r, driver.ErrFull
	case r.Rev == "" && onlyLeaves:
		return r, nil
	}
	r.Rev, r.Closed = c.Rev, r.Closed || c.Close
	for _, key := range c.Leave {
		delete(r.Entries, key)
	}
	if c.Enter != "" {
		r.Entries[c.Enter] = c.Deadline
	}
	if c.Bump {
		r.Epoch++
	}
	if c.Pages != nil {
		r.Pages = *c.Pages
	}
	if !c.Stale.IsZero() {
		r.Stale = c.Stale
	}
	if c.Expires.After(r.Expires) {
		r.Expires = c.Expires
	}
	s.rosters[c.Key] = r
	return s.roster(c.Key), nil
}

// Clock returns the system's clock: the records are in this process.
func (s *mapStore) Clock() clock.Clock { return clock.System() }

// Name returns nothing: the records can't be moved anywhere else.
func (s *mapStore) Name() string { return "" }

// lock locks the store, unless ctx is done.
func (s *mapStore) lock(ctx context.Context) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%w: %w", driver.ErrUnavailable, ctx.Err())
	}
	s.mu.Lock()
	return nil
}

// find returns the row of key, and why it is not a record.
func (s *mapStore) find(key string) (row, error) {
	r, ok := s.rows[key]
	switch {
	case !ok:
		return r, driver.ErrNotFound
	case r.marker != nil:
		return r, &driver.EndedError{Marker: *r.marker}
	default:
		return r, nil
	}
}

// put stores a record.
func (s *mapStore) put(rec driver.Record) {
	rec.Created, rec.Accessed, rec.Binding = rec.Created.UTC(), rec.Accessed.UTC(), bytes.Clone(rec.Binding)
	s.rows[rec.Key] = row{record: rec, expires: rec.ExpiresAt()}
}

// roster returns a copy of the roster of key.
func (s *mapStore) roster(key string) driver.Roster {
	r := s.rosters[key]
	r.Key, r.Entries = key, maps.Clone(r.Entries)
	if r.Entries == nil {
		r.Entries = map[string]time.Time{}
	}
	return r
}

// A store is tested with package storetest:
//
//	storetest.Run(t, func(*testing.T) driver.Store { return newMapStore() })
func ExampleStore() {
	var store driver.Store = newMapStore()
	ctx, now := context.Background(), time.Now()

	rec := driver.Record{
		Key: "4ee055b8", Rev: "r1", Payload: codec.Opaque("json", []byte(`{"cart":3}`)),
		Created: now, Accessed: now, IdleTimeout: 2 * time.Hour, AbsoluteTimeout: 12 * time.Hour,
	}
	fmt.Println("create:", store.Create(ctx, rec))

	next := rec
	next.Rev = "r2"
	fmt.Println("replace:", store.Replace(ctx, next, "r1"))
	fmt.Println("replace, too late:", store.Replace(ctx, rec, "r0"))

	_, err := store.End(ctx, driver.End{Key: rec.Key, Marker: driver.Marker{
		Why: driver.Destroyed, Rev: "r3", At: now, Until: now.Add(15 * time.Minute),
	}})
	fmt.Println("end:", err)
	fmt.Println("create, which the network has held back:", store.Create(ctx, rec))

	// Output:
	// create: <nil>
	// replace: <nil>
	// replace, too late: session was changed by another request
	// end: <nil>
	// create, which the network has held back: session has ended (destroyed)
}

// The error of a call for a session that has ended says why it ended.
func ExampleEndedError() {
	ctx, store := context.Background(), newMapStore()
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	_, err := store.End(ctx, driver.End{Key: "k", Marker: driver.Marker{
		Why: driver.Destroyed, Rev: "r", At: now, Until: now.Add(30 * time.Minute),
	}})
	fmt.Println(err)

	_, err = store.Load(ctx, "k")
	ended, ok := errors.AsType[*driver.EndedError](err)
	fmt.Println(ok, ended.Marker.Why, errors.Is(err, driver.ErrNotFound))
	// Output:
	// <nil>
	// true destroyed true
}

// A store reports its work on one operation to the Trace in the context, if there is one.
func ExampleTraceFrom() {
	trace := &driver.Trace{Capacity: true}
	ctx := driver.WithTrace(context.Background(), trace)

	driver.TraceFrom(ctx).Consumed(0.5, 0)          // a store's method, after a read
	driver.TraceFrom(context.Background()).Called() // without a Trace it does nothing

	fmt.Println(trace.ReadUnits, trace.WriteUnits)
	// Output: 0.5 0
}

func ExampleRecord_ExpiresAt() {
	rec := driver.Record{
		Created:     time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC),
		Accessed:    time.Date(2026, 3, 1, 20, 0, 0, 0, time.UTC),
		IdleTimeout: 2 * time.Hour, AbsoluteTimeout: 12 * time.Hour,
	}
	fmt.Println(rec.ExpiresAt().Format(time.TimeOnly)) // the earlier one of both
	// Output: 21:00:00
}

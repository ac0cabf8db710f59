package regions

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/sessions/driver"
)

// store is a World's table in one Region, used by a host in the same or another Region. Conditions
// are checked against the items that have arrived in the Region.
type store struct {
	world    *World
	from, at string
}

// do makes a call with the Region's items while it holds the world's lock.
func (s *store) do(ctx context.Context, call func(items map[string]item) error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%w: %w", driver.ErrUnavailable, ctx.Err())
	}
	s.world.mu.Lock()
	defer s.world.mu.Unlock()
	items, err := s.world.reach(s.from, s.at)
	if err != nil {
		return err
	}
	return call(items)
}

// write stores a version of an item. The caller must hold the lock.
func (s *store) write(key string, i item) { s.world.put(s.at, key, i) }

// find returns the record of an item, or the error if there is none.
func find(i item) (driver.Record, error) {
	switch {
	case i.marker != nil:
		return driver.Record{}, &driver.EndedError{Marker: *i.marker}
	case i.record == nil:
		return driver.Record{}, driver.ErrNotFound
	}
	rec := *i.record
	rec.Binding = bytes.Clone(rec.Binding)
	return rec, nil
}

func (s *store) put(rec driver.Record, expires time.Time) {
	rec.Created, rec.Accessed, rec.Binding = rec.Created.UTC(), rec.Accessed.UTC(), bytes.Clone(rec.Binding)
	s.write(rec.Key, item{record: &rec, expires: expires})
}

func (s *store) Create(ctx context.Context, rec driver.Record) error {
	return s.do(ctx, func(items map[string]item) error {
		old, err := find(items[rec.Key])
		switch {
		case errors.Is(err, driver.ErrEnded):
			return err
		case err != nil:
			s.put(rec, rec.ExpiresAt())
			return nil
		case rec.Rev != "" && old.Rev == rec.Rev:
			return nil
		}
		return driver.ErrExists
	})
}

func (s *store) Load(ctx context.Context, key string) (rec driver.Record, err error) {
	err = s.do(ctx, func(items map[string]item) error { rec, err = find(items[key]); return err })
	return rec, err
}

func (s *store) LoadAll(ctx context.Context, keys []string) ([]driver.Loaded, error) {
	all := make([]driver.Loaded, len(keys))
	err := s.do(ctx, func(items map[string]item) error {
		for i, key := range keys {
			all[i].Record, all[i].Err = find(items[key])
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

func (s *store) Replace(ctx context.Context, rec driver.Record, rev string) error {
	return s.do(ctx, func(items map[string]item) error {
		old, err := find(items[rec.Key])
		switch {
		case err != nil:
			return err
		case rec.Rev != "" && old.Rev == rec.Rev:
			return nil
		case old.Rev != rev:
			return driver.ErrConflict
		}
		rec.Binding = old.Binding
		s.put(rec, rec.ExpiresAt())
		return nil
	})
}

func (s *store) Touch(ctx context.Context, key string, accessed, expires time.Time) error {
	return s.do(ctx, func(items map[string]item) error {
		rec, err := find(items[key])
		if err == nil && accessed.After(rec.Accessed) && !expires.Before(items[key].expires) {
			rec.Accessed = accessed
			s.put(rec, expires)
		}
		return err
	})
}

func (s *store) Bind(ctx context.Context, key string, binding, was []byte) error {
	return s.do(ctx, func(items map[string]item) error {
		rec, err := find(items[key])
		switch {
		case err != nil || bytes.Equal(rec.Binding, binding):
			return err
		case !bytes.Equal(rec.Binding, was):
			return driver.ErrConflict
		}
		rec.Binding = binding
		s.put(rec, items[key].expires)
		return nil
	})
}

func (s *store) End(ctx context.Context, e driver.End) (driver.Record, error) {
	var was driver.Record
	err := s.do(ctx, func(items map[string]item) error {
		old, err := find(items[e.Key])
		var ended *driver.EndedError
		switch {
		case errors.As(err, &ended) && ended.Marker.Rev == e.Marker.Rev:
			return nil
		case ended != nil:
			return err
		case e.If == nil:
		case e.If.Absent && err == nil:
			return driver.ErrConflict
		case e.If.Absent:
		case err != nil:
			return err
		case e.If.Rev != old.Rev, !e.If.Accessed.IsZero() && !e.If.Accessed.Equal(old.Accessed):
			return driver.ErrConflict
		}
		was = old
		i := item{}
		if marker := e.Marker; marker != (driver.Marker{}) {
			i.marker, i.expires = &marker, marker.Until
		}
		s.write(e.Key, i)
		return nil
	})
	return was, err
}

func (s *store) LoadRosters(ctx context.Context, keys ...string) ([]driver.Roster, error) {
	all := make([]driver.Roster, len(keys))
	err := s.do(ctx, func(items map[string]item) error {
		for i, key := range keys {
			all[i] = rosterOf(key, items[key])
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

func rosterOf(key string, i item) driver.Roster {
	r := driver.Roster{}
	if i.roster != nil {
		r = *i.roster
	}
	r.Key, r.Entries = key, maps.Clone(r.Entries)
	if r.Entries == nil {
		r.Entries = map[string]time.Time{}
	}
	return r
}

func (s *store) ChangeRoster(ctx context.Context, c driver.RosterChange) (r driver.Roster, err error) {
	err = s.do(ctx, func(items map[string]item) error {
		r = rosterOf(c.Key, items[c.Key])
		onlyLeaves := c.Enter == "" && !c.Bump && c.Pages == nil && !c.Close && c.Stale.IsZero() && c.Expires.IsZero()
		if err := judge(r, c); err != nil {
			return err
		}
		if r.Rev == c.Rev || r.Rev == "" && onlyLeaves {
			return nil
		}
		next := changed(r, c)
		s.write(c.Key, item{roster: &next, expires: next.Expires})
		r = rosterOf(c.Key, items[c.Key])
		return nil
	})
	return r, err
}

// judge returns the error with which a roster refuses a change, nil if it accepts the change or has
// it already.
func judge(r driver.Roster, c driver.RosterChange) error {
	_, isListed := r.Entries[c.Enter]
	switch {
	case r.Rev == c.Rev:
	case c.IfEpoch != nil && *c.IfEpoch != r.Epoch, c.IfRev != nil && *c.IfRev != r.Rev, c.IfPages != nil && *c.IfPages != r.Pages,
		c.Close && len(r.Entries) > 0:
		return driver.ErrRoster
	case c.Enter != "" && (r.Closed || !isListed && c.Most > 0 && len(r.Entries) >= c.Most):
		return driver.ErrFull
	}
	return nil
}

// changed returns r with a change made. It modifies r's entries, which the caller must have copied.
func changed(r driver.Roster, c driver.RosterChange) driver.Roster {
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
	return r
}

func (s *store) Name() string { return "sessions" }

func (s *store) Clock() clock.Clock { return s.world.Clock }

package memstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/dynasession/dynasession/sessions/driver"
)

// LoadRosters implements [driver.Store].
func (s *Store) LoadRosters(ctx context.Context, keys ...string) ([]driver.Roster, error) {
	rosters := make([]driver.Roster, len(keys))
	err := s.read(ctx, checkBatch(keys), func(t *table) {
		for i, key := range keys {
			rosters[i] = t.roster(key)
		}
	})
	if err != nil {
		return nil, err
	}
	return rosters, nil
}

// ChangeRoster implements [driver.Store].
func (s *Store) ChangeRoster(ctx context.Context, c driver.RosterChange) (driver.Roster, error) {
	var after driver.Roster
	err := s.write(ctx, checkChange(c), func(t *table) error {
		defer func() { after = t.roster(c.Key) }()
		e, ok := t.rosters[c.Key]
		if !ok {
			e = &entry{key: c.Key, roster: &driver.Roster{Key: c.Key}}
		}
		if e.roster.Rev == c.Rev {
			return nil // an earlier attempt of this call has changed it
		}
		if err := refuses(e.roster, c); err != nil {
			return err
		}
		if leavesOnly(e.roster, c) {
			return nil
		}
		change(e.roster, c)
		if !ok {
			e.expires = whenExpired(e.roster)
			t.rosters[c.Key] = e
			t.queue.add(e)
			return nil
		}
		t.queue.expire(e, whenExpired(e.roster))
		return nil
	})
	return after, err
}

// roster returns a copy of the roster of key.
func (t *table) roster(key string) driver.Roster {
	e, ok := t.rosters[key]
	if !ok {
		return driver.Roster{Key: key}
	}
	r := *e.roster
	r.Entries = maps.Clone(r.Entries)
	return r
}

// refuses returns why r refuses c, or nil.
func refuses(r *driver.Roster, c driver.RosterChange) error {
	_, isListed := r.Entries[c.Enter]
	switch {
	case c.IfEpoch != nil && *c.IfEpoch != r.Epoch,
		c.IfRev != nil && *c.IfRev != r.Rev,
		c.IfPages != nil && *c.IfPages != r.Pages,
		c.Close && len(r.Entries) > 0:
		return driver.ErrRoster
	case c.Enter == "" || isListed:
		return nil
	case r.Closed, c.Most > 0 && len(r.Entries) >= c.Most:
		return driver.ErrFull
	default:
		return nil
	}
}

// leavesOnly reports whether c does nothing but drop entries that r doesn't list.
func leavesOnly(r *driver.Roster, c driver.RosterChange) bool {
	return c.Enter == "" && !c.Bump && c.Pages == nil && !c.Close && c.Stale.IsZero() && c.Expires.IsZero() &&
		!slices.ContainsFunc(c.Leave, func(key string) bool { _, isListed := r.Entries[key]; return isListed })
}

// change applies c to r.
func change(r *driver.Roster, c driver.RosterChange) {
	r.Rev = c.Rev
	for _, key := range c.Leave {
		delete(r.Entries, key)
	}
	if c.Enter != "" {
		if r.Entries == nil {
			r.Entries = map[string]time.Time{}
		}
		r.Entries[c.Enter] = second(c.Deadline)
	}
	if c.Bump {
		r.Epoch++
	}
	if c.Pages != nil {
		r.Pages = *c.Pages
	}
	if c.Close {
		r.Closed = true
	}
	if !c.Stale.IsZero() {
		r.Stale = second(c.Stale)
	}
	if !c.Expires.IsZero() && c.Expires.After(r.Expires) {
		r.Expires = second(c.Expires)
	}
}

// whenExpired returns the second from which r may be swept: never, if no change has set Expires.
func whenExpired(r *driver.Roster) int64 {
	if r.Expires.IsZero() {
		return math.MaxInt64
	}
	return r.Expires.Unix()
}

// checkChange refuses an invalid change.
func checkChange(c driver.RosterChange) error {
	switch {
	case c.Key == "":
		return errors.New("RosterChange.Key is empty")
	case c.Rev == "":
		return errors.New("RosterChange.Rev is empty")
	case c.Close && c.Enter != "":
		return errors.New("RosterChange has both Close and Enter")
	case c.Enter != "" && slices.Contains(c.Leave, c.Enter):
		return errors.New("RosterChange enters a key that it leaves")
	case len(c.Leave) > driver.MaxLeave:
		return fmt.Errorf("RosterChange.Leave has %d keys: must be at most %d", len(c.Leave), driver.MaxLeave)
	default:
		return nil
	}
}

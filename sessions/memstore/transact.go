package memstore

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/dynasession/dynasession/sessions"
)

var _ sessions.SubjectStore = (*Store)(nil)

// LoadRoster is [sessions.SubjectStore]'s.
func (s *Store) LoadRoster(ctx context.Context, key string) (sessions.Roster, error) {
	if err := begin(ctx); err != nil {
		return sessions.Roster{}, err
	}
	t := s.table()
	t.RLock()
	defer t.RUnlock()
	e, ok := t.rosters[key]
	if !ok {
		return sessions.Roster{Key: key}, nil
	}
	r := *e.roster
	r.Entries = maps.Clone(r.Entries)
	return r, nil
}

// Transact is [sessions.SubjectStore]'s.
func (s *Store) Transact(ctx context.Context, tx sessions.Transaction) error {
	if tx.Token == "" {
		return errors.New("memstore: Transaction.Token is empty")
	}
	if tx.Create != nil {
		rec, err := stored(*tx.Create)
		if err != nil {
			return err
		}
		tx.Create = &rec
	}
	if tx.Replace != nil {
		rec, err := stored(tx.Replace.Record)
		if err != nil {
			return err
		}
		tx.Replace = &sessions.Replace{Record: rec, Rev: tx.Replace.Rev}
	}
	return s.write(ctx, nil, func(t *table) error {
		if t.applied(tx) {
			return nil
		}
		if err := t.refuses(tx); err != nil {
			return err
		}
		t.apply(tx)
		return nil
	})
}

// applied reports whether tx was done already.
func (t *table) applied(tx sessions.Transaction) bool {
	if rec := tx.Create; rec != nil {
		e, ok := t.entries[rec.Key]
		return ok && own(e, *rec)
	}
	if rec := tx.Replace; rec != nil {
		e, ok := t.entries[rec.Record.Key]
		return ok && own(e, rec.Record)
	}
	for _, c := range tx.Rosters {
		if e, ok := t.rosters[c.Key]; ok && e.roster.Rev == c.Rev {
			return true
		}
	}
	return false
}

// refuses returns why tx can't be done.
func (t *table) refuses(tx sessions.Transaction) error {
	for _, r := range tx.Remove {
		e, ok := t.entries[r.Key]
		switch {
		case !r.Conditional:
		case !ok:
			return sessions.ErrNotFound
		case e.rec.Rev != r.Rev:
			return sessions.ErrConflict
		}
	}
	if r := tx.Replace; r != nil {
		e, ok := t.entries[r.Record.Key]
		switch {
		case !ok:
			return sessions.ErrNotFound
		case e.rec.Rev != r.Rev:
			return sessions.ErrConflict
		}
	}
	if tx.Create != nil {
		if _, taken := t.entries[tx.Create.Key]; taken {
			return sessions.ErrExists
		}
	}
	for _, c := range tx.Rosters {
		if c.Conditional && t.rosterRev(c.Key) != c.If {
			return sessions.ErrRoster
		}
	}
	return nil
}

func (t *table) rosterRev(key string) string {
	if e, ok := t.rosters[key]; ok {
		return e.roster.Rev
	}
	return ""
}

func (t *table) apply(tx sessions.Transaction) {
	for _, r := range tx.Remove {
		if e, ok := t.entries[r.Key]; ok {
			t.remove(e)
		}
	}
	if tx.Create != nil {
		t.saw(tx.Create.Created, tx.Create.Accessed)
		t.put(*tx.Create)
	}
	if tx.Replace != nil {
		t.saw(tx.Replace.Record.Created, tx.Replace.Record.Accessed)
		t.put(tx.Replace.Record)
	}
	for _, c := range tx.Rosters {
		t.change(c)
	}
}

// change changes a roster, which comes into being if it isn't there.
func (t *table) change(c sessions.RosterChange) {
	expires := time.Unix(c.Expires.Unix(), 0).UTC()
	e, ok := t.rosters[c.Key]
	if !ok {
		e = &entry{roster: &sessions.Roster{Key: c.Key, Entries: map[string]time.Time{}}}
		t.putRoster(e, expires)
	}
	r := e.roster
	r.Rev = c.Rev
	if c.Bump {
		r.Epoch++
	}
	for key, deadline := range c.Enter {
		r.Entries[key] = time.Unix(deadline.Unix(), 0).UTC()
	}
	for _, key := range c.Leave {
		delete(r.Entries, key)
	}
	if c.Conditional {
		t.expire(e, expires)
	}
	r.Expires = e.expires
}

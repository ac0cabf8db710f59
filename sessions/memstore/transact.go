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
	sh := s.table().shard(key)
	sh.RLock()
	defer sh.RUnlock()
	e, ok := sh.rosters[key]
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
	}, keysOf(tx)...)
}

// keysOf returns those of all records and rosters that tx is about.
func keysOf(tx sessions.Transaction) []string {
	keys := make([]string, 0, 2+len(tx.Remove)+len(tx.Rosters))
	if tx.Create != nil {
		keys = append(keys, tx.Create.Key)
	}
	if tx.Replace != nil {
		keys = append(keys, tx.Replace.Record.Key)
	}
	for _, r := range tx.Remove {
		keys = append(keys, r.Key)
	}
	for _, c := range tx.Rosters {
		keys = append(keys, c.Key)
	}
	return keys
}

// applied reports whether tx was done already.
func (t *table) applied(tx sessions.Transaction) bool {
	if rec := tx.Create; rec != nil {
		e, ok := t.entry(rec.Key)
		return ok && e.own(*rec)
	}
	if rec := tx.Replace; rec != nil {
		e, ok := t.entry(rec.Record.Key)
		return ok && e.own(rec.Record)
	}
	for _, c := range tx.Rosters {
		if e, ok := t.shard(c.Key).rosters[c.Key]; ok && e.roster.Rev == c.Rev {
			return true
		}
	}
	return false
}

// refuses returns why tx can't be done.
func (t *table) refuses(tx sessions.Transaction) error {
	for _, r := range tx.Remove {
		e, ok := t.entry(r.Key)
		switch {
		case !r.Conditional:
		case !ok:
			return sessions.ErrNotFound
		case e.rev != r.Rev:
			return sessions.ErrConflict
		}
	}
	if r := tx.Replace; r != nil {
		e, ok := t.entry(r.Record.Key)
		switch {
		case !ok:
			return sessions.ErrNotFound
		case e.rev != r.Rev:
			return sessions.ErrConflict
		}
	}
	if tx.Create != nil {
		if _, taken := t.entry(tx.Create.Key); taken {
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
	if e, ok := t.shard(key).rosters[key]; ok {
		return e.roster.Rev
	}
	return ""
}

func (t *table) apply(tx sessions.Transaction) {
	for _, r := range tx.Remove {
		if e, ok := t.entry(r.Key); ok {
			t.shard(r.Key).remove(e)
		}
	}
	if tx.Create != nil {
		t.saw(tx.Create.Created, tx.Create.Accessed)
		t.shard(tx.Create.Key).put(*tx.Create)
	}
	if tx.Replace != nil {
		t.saw(tx.Replace.Record.Created, tx.Replace.Record.Accessed)
		t.shard(tx.Replace.Record.Key).put(tx.Replace.Record)
	}
	for _, c := range tx.Rosters {
		t.shard(c.Key).change(c)
	}
}

// change changes a roster, which comes into being if it isn't there.
func (sh *shard) change(c sessions.RosterChange) {
	e, ok := sh.rosters[c.Key]
	if !ok {
		e = &entry{key: c.Key, expires: c.Expires.Unix(), roster: &sessions.Roster{Key: c.Key, Entries: map[string]time.Time{}}}
		sh.enter(e)
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
		sh.expire(e, c.Expires.Unix())
	}
	r.Expires = time.Unix(e.expires, 0).UTC()
}

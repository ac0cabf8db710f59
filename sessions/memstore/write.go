package memstore

import (
	"context"
	"errors"
	"time"

	"github.com/dynasession/dynasession/sessions"
)

// Create is [sessions.Store]'s.
func (s *Store) Create(ctx context.Context, rec sessions.Record) error {
	return s.write(ctx, &rec, func(t *table) error {
		if e, ok := t.entries[rec.Key]; ok {
			if own(e, rec) {
				return nil
			}
			return sessions.ErrExists
		}
		t.put(rec)
		return nil
	})
}

// Replace is [sessions.Store]'s.
func (s *Store) Replace(ctx context.Context, rec sessions.Record, rev string) error {
	return s.write(ctx, &rec, func(t *table) error {
		e, ok := t.entries[rec.Key]
		switch {
		case !ok:
			return sessions.ErrNotFound
		case own(e, rec):
			return nil
		case e.rec.Rev != rev:
			return sessions.ErrConflict
		}
		t.put(rec)
		return nil
	})
}

// Rename is [sessions.Store]'s.
func (s *Store) Rename(ctx context.Context, from string, rec sessions.Record, rev string) error {
	return s.write(ctx, &rec, func(t *table) error {
		if from == rec.Key {
			return errors.New("memstore: Rename of a record to the key that it has")
		}
		there, taken := t.entries[rec.Key]
		e, ok := t.entries[from]
		switch {
		case !ok && taken && own(there, rec):
			return nil
		case !ok:
			return sessions.ErrNotFound
		case e.rec.Rev != rev:
			return sessions.ErrConflict
		case taken:
			return sessions.ErrExists
		}
		t.remove(e)
		t.put(rec)
		return nil
	})
}

// Touch is [sessions.Store]'s.
func (s *Store) Touch(ctx context.Context, key string, accessed, expires time.Time) error {
	accessed, expires = micros(accessed), time.Unix(expires.Unix(), 0)
	return s.write(ctx, nil, func(t *table) error {
		e, ok := t.entries[key]
		switch {
		case !ok:
			return sessions.ErrNotFound
		case !e.rec.Accessed.Before(accessed) || e.expires.After(expires):
			return nil
		}
		t.saw(accessed)
		e.rec.Accessed = accessed
		t.expire(e, expires)
		return nil
	})
}

// Delete is [sessions.Store]'s.
func (s *Store) Delete(ctx context.Context, key string) error {
	return s.write(ctx, nil, func(t *table) error {
		if e, ok := t.entries[key]; ok {
			t.remove(e)
		}
		return nil
	})
}

// write does a change, with the table locked and the record as it is to be stored, and then sweeps.
func (s *Store) write(ctx context.Context, rec *sessions.Record, change func(*table) error) error {
	if err := begin(ctx); err != nil {
		return err
	}
	if rec != nil {
		var err error
		if *rec, err = stored(*rec); err != nil {
			return err
		}
	}
	t := s.table()
	t.Lock()
	defer t.Unlock()
	if rec != nil {
		t.saw(rec.Created, rec.Accessed)
	}
	err := change(t)
	s.sweep(t)
	return err
}

// own reports whether e was stored by the write that rec is of.
func own(e *entry, rec sessions.Record) bool { return rec.Rev != "" && e.rec.Rev == rec.Rev }

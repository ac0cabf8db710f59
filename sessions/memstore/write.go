package memstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dynasession/dynasession/sessions"
)

// Create is [sessions.Store]'s.
func (s *Store) Create(ctx context.Context, rec sessions.Record) error {
	return s.write(ctx, &rec, func(t *table) error {
		sh := t.shard(rec.Key)
		if e, ok := sh.entries[rec.Key]; ok {
			if e.own(rec) {
				return nil
			}
			return sessions.ErrExists
		}
		sh.put(rec)
		return nil
	}, rec.Key)
}

// Replace is [sessions.Store]'s.
func (s *Store) Replace(ctx context.Context, rec sessions.Record, rev string) error {
	return s.write(ctx, &rec, func(t *table) error {
		sh := t.shard(rec.Key)
		e, ok := sh.entries[rec.Key]
		switch {
		case !ok:
			return sessions.ErrNotFound
		case e.own(rec):
			return nil
		case e.rev != rev:
			return sessions.ErrConflict
		}
		sh.put(rec)
		return nil
	}, rec.Key)
}

// Rename is [sessions.Store]'s.
func (s *Store) Rename(ctx context.Context, from string, rec sessions.Record, rev string) error {
	return s.write(ctx, &rec, func(t *table) error {
		if from == rec.Key {
			return errors.New("memstore: Rename of a record to the key that it has")
		}
		there, here := t.shard(from), t.shard(rec.Key)
		old, ok := there.entries[from]
		e, taken := here.entries[rec.Key]
		switch {
		case !ok && taken && e.own(rec):
			return nil
		case !ok:
			return sessions.ErrNotFound
		case old.rev != rev:
			return sessions.ErrConflict
		case taken:
			return sessions.ErrExists
		}
		there.remove(old)
		here.put(rec)
		return nil
	}, from, rec.Key)
}

// Touch is [sessions.Store]'s.
func (s *Store) Touch(ctx context.Context, key string, accessed, expires time.Time) error {
	if err := checkYear("accessed", accessed); err != nil {
		return err
	}
	return s.write(ctx, nil, func(t *table) error {
		sh := t.shard(key)
		e, ok := sh.entries[key]
		switch {
		case !ok:
			return sessions.ErrNotFound
		case e.accessed >= accessed.UnixMicro() || e.expires > expires.Unix():
			return nil
		}
		t.saw(accessed)
		e.accessed = accessed.UnixMicro()
		sh.expire(e, expires.Unix())
		return nil
	}, key)
}

// Delete is [sessions.Store]'s.
func (s *Store) Delete(ctx context.Context, key string) error {
	return s.write(ctx, nil, func(t *table) error {
		sh := t.shard(key)
		if e, ok := sh.entries[key]; ok {
			sh.remove(e)
		}
		return nil
	}, key)
}

// write does a change, with the shards of the keys locked and the record as it is to be stored, and then sweeps.
func (s *Store) write(ctx context.Context, rec *sessions.Record, change func(*table) error, keys ...string) error {
	if err := begin(ctx); err != nil {
		return err
	}
	t := s.table()
	if rec != nil {
		var err error
		if *rec, err = stored(*rec); err != nil {
			return err
		}
	}
	set := t.of(keys...)
	err := t.locked(set, change)
	if rec != nil {
		t.saw(rec.Created, rec.Accessed)
	}
	s.sweep(t, set.first())
	return err
}

// begin refuses a context that is done.
func begin(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%w: %w", sessions.ErrUnavailable, err)
	}
	return nil
}

// checkYear refuses what DynamoDB's form of a time can't hold, and what an entry couldn't.
func checkYear(field string, t time.Time) error {
	if y := t.UTC().Year(); y < 1 || y > 9999 {
		return fmt.Errorf("memstore: %s is in the year %d: must be between 1 and 9999", field, y)
	}
	return nil
}

// stored returns rec as it is kept: timeouts to the second. That its times are to the microsecond an entry sees to.
func stored(rec sessions.Record) (sessions.Record, error) {
	switch {
	case rec.Key == "":
		return rec, errors.New("memstore: Record.Key is empty")
	case rec.Payload == nil:
		return rec, errors.New("memstore: Record.Payload is nil")
	case rec.Payload.Format() == "":
		return rec, errors.New("memstore: Record.Payload has no format")
	}
	if err := errors.Join(checkYear("Record.Created", rec.Created), checkYear("Record.Accessed", rec.Accessed)); err != nil {
		return rec, err
	}
	rec.IdleTimeout = rec.IdleTimeout.Truncate(time.Second)
	rec.AbsoluteTimeout = rec.AbsoluteTimeout.Truncate(time.Second)
	return rec, nil
}

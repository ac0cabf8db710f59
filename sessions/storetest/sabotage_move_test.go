package storetest_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/dynasession/dynasession/sessions"
)

func TestSaboteurs_Rename(t *testing.T) {
	caught(t, map[string]sabotage{
		"Rename leaves the old": {rules: "rename: moves", by: func(good sessions.Store, s *saboteur) {
			s.rename = func(ctx context.Context, from string, rec sessions.Record, rev string) error {
				old, err := good.Load(ctx, from)
				if err := good.Rename(ctx, from, rec, rev); err != nil {
					return err
				}
				return errors.Join(err, good.Create(ctx, old))
			}
		}},
		"Rename ignores the rev": {rules: "rename: another rev", by: func(good sessions.Store, s *saboteur) {
			s.rename = func(ctx context.Context, from string, rec sessions.Record, rev string) error {
				if old, err := good.Load(ctx, from); err == nil {
					rev = old.Rev
				}
				return good.Rename(ctx, from, rec, rev)
			}
		}},
		"Rename overwrites": {rules: "rename: a key that is taken", by: func(good sessions.Store, s *saboteur) {
			s.rename = func(ctx context.Context, from string, rec sessions.Record, rev string) error {
				err := good.Rename(ctx, from, rec, rev)
				if errors.Is(err, sessions.ErrExists) {
					_ = good.Delete(ctx, rec.Key)
					return good.Rename(ctx, from, rec, rev)
				}
				return err
			}
		}},
		"Rename creates what was absent": {rules: "rename: absent", by: func(good sessions.Store, s *saboteur) {
			s.rename = func(ctx context.Context, from string, rec sessions.Record, rev string) error {
				err := good.Rename(ctx, from, rec, rev)
				if errors.Is(err, sessions.ErrNotFound) {
					_ = good.Create(ctx, rec)
				}
				return err
			}
		}},
		"Rename to its own key": {rules: "rename: its own key", by: func(good sessions.Store, s *saboteur) {
			s.rename = func(ctx context.Context, from string, rec sessions.Record, rev string) error {
				if from == rec.Key {
					return good.Replace(ctx, rec, rev)
				}
				return good.Rename(ctx, from, rec, rev)
			}
		}},
		"Rename doesn't know its own": {rules: "repeat: rename", by: func(good sessions.Store, s *saboteur) {
			s.rename = func(ctx context.Context, from string, rec sessions.Record, rev string) error {
				if _, err := good.Load(ctx, from); err != nil {
					return err
				}
				return good.Rename(ctx, from, rec, rev)
			}
		}},
		"Rename is two steps, the new first": {rules: "race: rename and loads", by: twoSteps(false)},
		"Rename is two steps, the old first": {rules: "race: rename and loads", by: twoSteps(true)},
	})
}

// twoSteps makes Rename a create and a delete, with a pause between that lets others look.
func twoSteps(oldFirst bool) func(sessions.Store, *saboteur) {
	return func(good sessions.Store, s *saboteur) {
		var renames sync.Mutex // they don't race each other
		loads := make(chan string)
		s.load = func(ctx context.Context, key string) (sessions.Record, error) {
			rec, err := good.Load(ctx, key)
			select {
			case loads <- key: // a rename is between its steps
			default:
			}
			return rec, err
		}
		s.rename = func(ctx context.Context, from string, rec sessions.Record, rev string) error {
			renames.Lock()
			defer renames.Unlock()
			old, err := good.Load(ctx, from)
			_, taken := good.Load(ctx, rec.Key)
			if err != nil || old.Rev != rev || taken == nil || from == rec.Key {
				return good.Rename(ctx, from, rec, rev)
			}
			if oldFirst {
				err = good.Delete(ctx, from)
				looked(ctx, loads, from, rec.Key)
				return errors.Join(err, good.Create(ctx, rec))
			}
			err = good.Create(ctx, rec)
			looked(ctx, loads, rec.Key, from)
			return errors.Join(err, good.Delete(ctx, from))
		}
	}
}

// looked waits until others have looked at a, and then at b a few times, or, where nothing races, for a moment.
func looked(ctx context.Context, loads <-chan string, a, b string) {
	ctx, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	for times, next := 0, a; times < 20; {
		select {
		case key := <-loads:
			if key == next {
				times, next = times+1, b
			}
		case <-ctx.Done():
			return
		}
	}
}

func TestSaboteurs_Touch(t *testing.T) {
	caught(t, map[string]sabotage{
		"Touch does nothing": {rules: "touch: moves the times", by: func(good sessions.Store, s *saboteur) {
			s.touch = func(ctx context.Context, key string, _, _ time.Time) error {
				_, err := good.Load(ctx, key)
				return err
			}
		}},
		"Touch upserts": {rules: "touch: never revives", by: func(good sessions.Store, s *saboteur) {
			s.touch = upsertingTouch(good)
		}},
		"Touch changes the rev": {rules: "touch: moves the times", by: changing(func(r *sessions.Record) { r.Rev += "x" })},
		"Touch moves back": {rules: "touch: only forward", by: func(good sessions.Store, s *saboteur) {
			s.touch = func(ctx context.Context, key string, accessed, expires time.Time) error {
				rec, err := good.Load(ctx, key)
				if err != nil || accessed.After(rec.Accessed) {
					return errors.Join(err, good.Touch(ctx, key, accessed, expires))
				}
				rec.Accessed = accessed
				return force(ctx, good, rec)
			}
		}},
		"Touch moves one of the times": {rules: "touch: both times or neither", by: func(good sessions.Store, s *saboteur) {
			s.touch = func(ctx context.Context, key string, accessed, expires time.Time) error {
				rec, err := good.Load(ctx, key)
				if err == nil && expires.Before(rec.ExpiresAt()) {
					expires = rec.ExpiresAt()
				}
				return good.Touch(ctx, key, accessed, expires)
			}
		}},
	})
}

func upsertingTouch(good sessions.Store) func(context.Context, string, time.Time, time.Time) error {
	return func(ctx context.Context, key string, accessed, expires time.Time) error {
		err := good.Touch(ctx, key, accessed, expires)
		if errors.Is(err, sessions.ErrNotFound) {
			return good.Create(ctx, phantom(key, accessed))
		}
		return err
	}
}

// changing makes Touch change something that it should not.
func changing(change func(*sessions.Record)) func(sessions.Store, *saboteur) {
	return func(good sessions.Store, s *saboteur) {
		s.touch = func(ctx context.Context, key string, accessed, expires time.Time) error {
			if err := good.Touch(ctx, key, accessed, expires); err != nil {
				return err
			}
			rec, err := good.Load(ctx, key)
			if err != nil || !rec.Accessed.Equal(accessed.Truncate(time.Microsecond)) {
				return err
			}
			change(&rec)
			return force(ctx, good, rec)
		}
	}
}

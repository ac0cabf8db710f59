package storetest_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/dynasession/dynasession/sessions"
)

func TestSaboteurs_CreateAndLoad(t *testing.T) {
	caught(t, map[string]sabotage{
		"Create does nothing": {rules: "create: stores", by: func(_ sessions.Store, s *saboteur) {
			s.create = func(context.Context, sessions.Record) error { return nil }
		}},
		"Load invents a record": {rules: "load: absent", by: func(good sessions.Store, s *saboteur) {
			s.load = func(ctx context.Context, key string) (sessions.Record, error) {
				rec, err := good.Load(ctx, key)
				if errors.Is(err, sessions.ErrNotFound) {
					return sessions.Record{Key: key}, nil
				}
				return rec, err
			}
		}},
		"Create overwrites": {rules: "create: never overwrites, repeat: create", by: func(good sessions.Store, s *saboteur) {
			s.create = func(ctx context.Context, rec sessions.Record) error { return force(ctx, good, rec) }
		}},
		"Create says ErrConflict": {rules: "create: never overwrites", by: func(good sessions.Store, s *saboteur) {
			s.create = func(ctx context.Context, rec sessions.Record) error {
				err := good.Create(ctx, rec)
				if errors.Is(err, sessions.ErrExists) {
					return sessions.ErrConflict
				}
				return err
			}
		}},
		"Create doesn't know its own": {rules: "repeat: create", by: func(good sessions.Store, s *saboteur) {
			s.create = func(ctx context.Context, rec sessions.Record) error {
				if _, err := good.Load(ctx, rec.Key); err == nil {
					return sessions.ErrExists
				}
				return good.Create(ctx, rec)
			}
		}},
		"Create keeps one record": {rules: "create: one key beside another", by: func(good sessions.Store, s *saboteur) {
			var mu sync.Mutex
			last := ""
			s.create = func(ctx context.Context, rec sessions.Record) error {
				mu.Lock()
				defer mu.Unlock()
				if last != "" && last != rec.Key {
					_ = good.Delete(ctx, last)
				}
				last = rec.Key
				return good.Create(ctx, rec)
			}
		}},
	})
}

func TestSaboteurs_Replace(t *testing.T) {
	caught(t, map[string]sabotage{
		"Replace does nothing": {rules: "replace: stores", by: func(good sessions.Store, s *saboteur) {
			s.replace = func(ctx context.Context, rec sessions.Record, rev string) error {
				stored, err := good.Load(ctx, rec.Key)
				if err == nil && stored.Rev != rev {
					return sessions.ErrConflict
				}
				return err
			}
		}},
		"Replace ignores the rev": {rules: "replace: another rev", by: func(good sessions.Store, s *saboteur) {
			s.replace = func(ctx context.Context, rec sessions.Record, _ string) error {
				stored, err := good.Load(ctx, rec.Key)
				if err != nil || stored.Rev == rec.Rev {
					return err
				}
				return force(ctx, good, rec)
			}
		}},
		"Replace upserts": {rules: "replace: never revives", by: func(good sessions.Store, s *saboteur) {
			s.replace = func(ctx context.Context, rec sessions.Record, rev string) error {
				err := good.Replace(ctx, rec, rev)
				if errors.Is(err, sessions.ErrNotFound) {
					return good.Create(ctx, rec)
				}
				return err
			}
		}},
		`Replace of rev "" asks nothing`: {rules: "replace: no rev", by: func(good sessions.Store, s *saboteur) {
			s.replace = func(ctx context.Context, rec sessions.Record, rev string) error {
				stored, err := good.Load(ctx, rec.Key)
				if err == nil && rev == "" {
					rev = stored.Rev
				}
				return good.Replace(ctx, rec, rev)
			}
		}},
		"Replace doesn't know its own": {rules: "repeat: replace", by: func(good sessions.Store, s *saboteur) {
			s.replace = func(ctx context.Context, rec sessions.Record, rev string) error {
				stored, err := good.Load(ctx, rec.Key)
				if err == nil && stored.Rev != rev {
					return sessions.ErrConflict
				}
				return good.Replace(ctx, rec, rev)
			}
		}},
		"Replace keeps the old timeouts": {rules: "replace: stores", by: func(good sessions.Store, s *saboteur) {
			s.replace = func(ctx context.Context, rec sessions.Record, rev string) error {
				if stored, err := good.Load(ctx, rec.Key); err == nil {
					rec.IdleTimeout = stored.IdleTimeout
				}
				return good.Replace(ctx, rec, rev)
			}
		}},
	})
}

func TestSaboteurs_Delete(t *testing.T) {
	caught(t, map[string]sabotage{
		"Delete does nothing": {rules: "delete: removes", by: func(_ sessions.Store, s *saboteur) {
			s.remove = func(ctx context.Context, _ string) error { return ctx.Err() }
		}},
		"Delete of nothing fails": {rules: "delete: absent", by: func(good sessions.Store, s *saboteur) {
			s.remove = func(ctx context.Context, key string) error {
				if _, err := good.Load(ctx, key); err != nil {
					return err
				}
				return good.Delete(ctx, key)
			}
		}},
	})
}

package storetest_test

import (
	"context"
	"testing"
	"time"

	"github.com/dynasession/dynasession/sessions"
)

func TestSaboteurs_Races(t *testing.T) {
	caught(t, map[string]sabotage{
		"Create looks and then writes": {rules: "race: creates", by: func(good sessions.Store, s *saboteur) {
			var slow slowly
			s.create = func(ctx context.Context, rec sessions.Record) error {
				if old, err := good.Load(ctx, rec.Key); err == nil {
					if old.Rev == rec.Rev && rec.Rev != "" {
						return nil
					}
					return sessions.ErrExists
				}
				if err := ctx.Err(); err != nil {
					return err
				}
				slow.together(ctx, rec.Key, 2)
				return force(ctx, good, rec)
			}
		}},
		"Replace looks and then writes": {rules: "race: replaces", by: func(good sessions.Store, s *saboteur) {
			var slow slowly
			s.replace = func(ctx context.Context, rec sessions.Record, rev string) error {
				old, err := good.Load(ctx, rec.Key)
				switch {
				case err != nil:
					return err
				case old.Rev == rec.Rev && rec.Rev != "":
					return nil
				case old.Rev != rev:
					return sessions.ErrConflict
				}
				slow.together(ctx, rec.Key, 2)
				if old, err = good.Load(ctx, rec.Key); err != nil {
					return err
				}
				return good.Replace(ctx, rec, old.Rev)
			}
		}},
		"Rename looks and then writes": {rules: "race: renames", by: func(good sessions.Store, s *saboteur) {
			var slow slowly
			s.rename = func(ctx context.Context, from string, rec sessions.Record, rev string) error {
				old, err := good.Load(ctx, from)
				if err != nil || old.Rev != rev || from == rec.Key {
					return good.Rename(ctx, from, rec, rev)
				}
				slow.together(ctx, from, 2)
				err = good.Rename(ctx, from, rec, rev)
				if err != nil && slow.count(from) > 1 {
					return good.Create(ctx, rec)
				}
				return err
			}
		}},
		"Touch writes all of what it read": {rules: "race: touches and replaces", by: func(good sessions.Store, s *saboteur) {
			var reads, replaced slowly
			s.replace = func(ctx context.Context, rec sessions.Record, rev string) error {
				reads.wait(ctx, rec.Key, 1)
				defer replaced.arrive(rec.Key, 1)
				return good.Replace(ctx, rec, rev)
			}
			s.touch = func(ctx context.Context, key string, accessed, expires time.Time) error {
				rec, err := good.Load(ctx, key)
				if err != nil || !rec.Accessed.Before(accessed) || expires.Before(rec.ExpiresAt()) {
					return err
				}
				reads.arrive(key, 1)
				replaced.wait(ctx, key, 1)
				rec.Accessed = accessed
				return force(ctx, good, rec)
			}
		}, perhaps: "race: delete and writes"},
	})
}

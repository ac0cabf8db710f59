package storetest_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/sessions"
)

// phantom is a record of next to nothing.
func phantom(key string, at time.Time) sessions.Record {
	return sessions.Record{
		Key: key, Payload: codec.Opaque("json", []byte("null")), Created: at, Accessed: at,
		IdleTimeout: time.Hour, AbsoluteTimeout: time.Hour,
	}
}

// returning makes Load return something else than what is stored.
func returning(change func(*sessions.Record)) func(sessions.Store, *saboteur) {
	return func(good sessions.Store, s *saboteur) {
		s.load = func(ctx context.Context, key string) (sessions.Record, error) {
			rec, err := good.Load(ctx, key)
			if err == nil {
				change(&rec)
			}
			return rec, err
		}
	}
}

func TestSaboteurs_Keep(t *testing.T) {
	caught(t, map[string]sabotage{
		"bytes become text": {rules: "keep: payload", by: returning(func(r *sessions.Record) {
			b, _ := r.Payload.Bytes()
			r.Payload = codec.Opaque(r.Payload.Format(), bytes.ToValidUTF8(b, []byte("?")))
		})},
		"a format that is unknown is lost": {rules: "keep: payload", by: returning(func(r *sessions.Record) {
			if r.Payload.Format() == "x-storetest" {
				b, _ := r.Payload.Bytes()
				r.Payload = codec.Opaque("json", b)
			}
		})},
		"a long rev is cut":     {rules: "keep: rev", by: returning(func(r *sessions.Record) { r.Rev = r.Rev[:min(len(r.Rev), 64)] })},
		"a long subject is cut": {rules: "keep: subject", by: returning(func(r *sessions.Record) { r.Subject = r.Subject[:min(len(r.Subject), 512)] })},
		"times lose microseconds that are few": {rules: "keep: times", by: returning(func(r *sessions.Record) {
			if r.Created.Nanosecond() < 2000 {
				r.Created = r.Created.Truncate(time.Second)
			}
		})},
		"a timeout is an int16 of minutes": {rules: "keep: timeouts", by: returning(func(r *sessions.Record) {
			r.AbsoluteTimeout = time.Duration(int16(r.AbsoluteTimeout/time.Minute)) * time.Minute
		})},
	})
}

func TestSaboteurs_Contexts(t *testing.T) {
	ignored := context.WithoutCancel
	caught(t, map[string]sabotage{
		"Create": {rules: "context: create", by: func(good sessions.Store, s *saboteur) {
			s.create = func(ctx context.Context, rec sessions.Record) error { return good.Create(ignored(ctx), rec) }
		}},
		"Load": {rules: "context: load", by: func(good sessions.Store, s *saboteur) {
			s.load = func(ctx context.Context, key string) (sessions.Record, error) { return good.Load(ignored(ctx), key) }
		}},
		"Replace": {rules: "context: replace", by: func(good sessions.Store, s *saboteur) {
			s.replace = func(ctx context.Context, rec sessions.Record, rev string) error {
				return good.Replace(ignored(ctx), rec, rev)
			}
		}},
		"Rename": {rules: "context: rename", by: func(good sessions.Store, s *saboteur) {
			s.rename = func(ctx context.Context, from string, rec sessions.Record, rev string) error {
				return good.Rename(ignored(ctx), from, rec, rev)
			}
		}},
		"Touch": {rules: "context: touch", by: func(good sessions.Store, s *saboteur) {
			s.touch = func(ctx context.Context, key string, accessed, expires time.Time) error {
				return good.Touch(ignored(ctx), key, accessed, expires)
			}
		}},
		"Delete": {rules: "context: delete", by: func(good sessions.Store, s *saboteur) {
			s.remove = func(ctx context.Context, key string) error {
				if ctx.Err() != nil {
					_ = good.Delete(ignored(ctx), key)
				}
				return good.Delete(ctx, key)
			}
		}},
	})
}

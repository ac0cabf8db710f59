package sessions_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/memstore"
)

// wrongHost is a store on a host with a wrong clock, which each response of the table corrects.
type wrongHost struct {
	driver.Store
	off   time.Duration
	right atomic.Bool
}

func (h *wrongHost) Now() time.Time {
	if h.right.Load() {
		return time.Now()
	}
	return time.Now().Add(h.off)
}

func (h *wrongHost) Correction() time.Duration {
	if h.right.Load() {
		return -h.off
	}
	return 0
}

func (h *wrongHost) Clock() clock.Clock { return h }

func (h *wrongHost) Create(ctx context.Context, rec driver.Record) error {
	defer h.right.Store(true)
	return h.Store.Create(ctx, rec)
}

func (h *wrongHost) Load(ctx context.Context, key string) (driver.Record, error) {
	defer h.right.Store(true)
	return h.Store.Load(ctx, key)
}

func (h *wrongHost) LoadRosters(ctx context.Context, keys ...string) ([]driver.Roster, error) {
	defer h.right.Store(true)
	return h.Store.LoadRosters(ctx, keys...)
}

func TestClock_FromTheFirstCallOn(t *testing.T) {
	for _, off := range []time.Duration{5 * 24 * time.Hour, -5 * 24 * time.Hour, 10 * time.Minute, -10 * time.Minute} {
		for name, first := range map[string]func(m *sessions.Manager[int]) (*sessions.Session[int], error){
			"create": func(m *sessions.Manager[int]) (*sessions.Session[int], error) { return m.CreateAndSave(t.Context(), 1) },
			"login": func(m *sessions.Manager[int]) (*sessions.Session[int], error) {
				s := m.Create()
				return s, m.Authenticate(t.Context(), s, "user")
			},
			"create before another's answer": func(m *sessions.Manager[int]) (*sessions.Session[int], error) {
				s := m.Create()
				_, _ = m.Load(t.Context(), m.Create().ID().Secret())
				return s, m.Save(t.Context(), s)
			},
		} {
			t.Run(name+" "+off.String(), func(t *testing.T) {
				is := is.New(t)
				h := &wrongHost{Store: memstore.New(nil), off: off}
				m, err := sessions.New[int](h, nil)
				is.NoErr(err)
				s, err := first(m)
				is.NoErr(err)
				is.True(time.Since(s.CreatedAt()).Abs() < time.Minute)
				right, err := sessions.New[int](h.Store, nil)
				is.NoErr(err)
				s, err = right.Load(t.Context(), s.ID().Secret())
				is.NoErr(err)
				is.True(time.Since(s.CreatedAt()).Abs() < time.Minute)
				is.True(time.Until(s.ExpiresAt()) <= 2*time.Hour)
			})
		}
	}
}

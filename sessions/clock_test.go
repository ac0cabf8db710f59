package sessions_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/internal/wants"
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

// failingOnce is a store whose first Replace, or Create, fails, before or after its effect.
type failingOnce struct {
	driver.Store
	creates bool
	err     error
	applied bool
	failed  bool
}

func (f *failingOnce) Create(ctx context.Context, rec driver.Record) error {
	if !f.creates || f.failed {
		return f.Store.Create(ctx, rec)
	}
	f.failed = true
	if f.applied {
		if err := f.Store.Create(ctx, rec); err != nil {
			return err
		}
	}
	return f.err
}

func (f *failingOnce) Replace(ctx context.Context, rec driver.Record, rev string) error {
	if f.creates || f.failed {
		return f.Store.Replace(ctx, rec, rev)
	}
	f.failed = true
	if f.applied {
		if err := f.Store.Replace(ctx, rec, rev); err != nil {
			return err
		}
	}
	return f.err
}

// If the write that corrects a host's first session fails, the next call corrects it.
func TestClock_ACorrectionThatFails(t *testing.T) {
	for name, fault := range map[string]failingOnce{
		"refused":              {err: sessions.ErrUnavailable},
		"lost":                 {err: sessions.ErrOutcomeUnknown},
		"answer's lost":        {err: sessions.ErrOutcomeUnknown, applied: true},
		"create refused":       {creates: true, err: sessions.ErrUnavailable},
		"create lost":          {creates: true, err: sessions.ErrOutcomeUnknown},
		"create's answer lost": {creates: true, err: sessions.ErrOutcomeUnknown, applied: true},
	} {
		for call, again := range map[string]func(m *sessions.Manager[int], s *sessions.Session[int]) error{
			"save": func(m *sessions.Manager[int], s *sessions.Session[int]) error { return m.Save(t.Context(), s) },
			"change": func(m *sessions.Manager[int], s *sessions.Session[int]) error {
				s.Data++
				return m.Save(t.Context(), s)
			},
			"renew": func(m *sessions.Manager[int], s *sessions.Session[int]) error { return m.Renew(t.Context(), s) },
			"authenticate": func(m *sessions.Manager[int], s *sessions.Session[int]) error {
				return m.Authenticate(t.Context(), s, "u")
			},
		} {
			for _, off := range []time.Duration{5 * 24 * time.Hour, -5 * 24 * time.Hour, 10 * time.Minute, -10 * time.Minute} {
				if fault.creates && fault.applied && off < -time.Hour {
					continue // memstore may have swept it by now
				}
				t.Run(name+" "+call+" "+off.String(), func(t *testing.T) {
					is := is.New(t)
					mem := memstore.New(nil)
					f := fault
					f.Store = mem
					m, err := sessions.New[int](&wrongHost{Store: &f, off: off}, nil)
					is.NoErr(err)
					s := m.Create()
					s.Data = 1
					wants.Err(t, m.Save(t.Context(), s), fault.err)
					is.NoErr(again(m, s))
					is.NoErr(m.Save(t.Context(), s)) // a Renew of what isn't stored stores nothing
					right, err := sessions.New[int](mem, nil)
					is.NoErr(err)
					s, err = right.Load(t.Context(), s.ID().Secret())
					is.NoErr(err)
					is.True(s.Data >= 1)
					is.True(time.Since(s.CreatedAt()).Abs() < time.Minute)
					is.True(time.Until(s.ExpiresAt()) <= 2*time.Hour)
					is.True(time.Until(s.ExpiresAt()) > time.Hour)
				})
			}
		}
	}
}

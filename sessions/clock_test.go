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
	"github.com/dynasession/dynasession/sessions/internal/cued"
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

// setHost is a store on a host whose clock somebody sets, which each response of the table
// corrects.
type setHost struct {
	*cued.Store
	table           *clock.Fake
	off, correction time.Duration
}

func (h *setHost) Now() time.Time            { return h.table.Now().Add(h.off + h.correction) }
func (h *setHost) Correction() time.Duration { return h.correction }
func (h *setHost) Clock() clock.Clock        { return h }

// A host's clock is set, by hand or when the host wakes, while requests hold a session. Whatever
// they call next: a session that is alive is not refused, none lives longer than it should, and one
// that has idled out stays dead.
func TestClock_IsSetWhileASessionIsInUse(t *testing.T) {
	type (
		manager = *sessions.Manager[cart]
		session = *sessions.Session[cart]
	)
	calls := map[string]func(m manager, s session) error{
		"save":           func(m manager, s session) error { s.Data.Count++; return m.Save(t.Context(), s) },
		"save unchanged": func(m manager, s session) error { return m.Save(t.Context(), s) },
		"persist":        func(m manager, s session) error { s.Persist = true; return m.Save(t.Context(), s) },
		"renew":          func(m manager, s session) error { return m.Renew(t.Context(), s) },
		"authenticate":   func(m manager, s session) error { return m.Authenticate(t.Context(), s, "other") },
		"update": func(m manager, s session) error {
			_, err := m.Update(t.Context(), s.ID().Secret(), func(c *cart) error { c.Count++; return nil })
			return err
		},
		"load": func(m manager, s session) error { _, err := m.Load(t.Context(), s.ID().Secret()); return err },
		"peek": func(m manager, s session) error { _, err := m.Peek(t.Context(), s.ID().Secret()); return err },
		"sessions": func(m manager, s session) error {
			if infos, err := m.Sessions(t.Context(), "user"); err != nil || len(infos) == 1 {
				return err
			}
			return sessions.ErrNotFound
		},
	}
	for name, call := range calls {
		for _, off := range []time.Duration{
			10 * time.Minute, -10 * time.Minute, time.Hour, -time.Hour, 3 * time.Hour, -3 * time.Hour, 5 * 24 * time.Hour, -5 * 24 * time.Hour,
		} {
			t.Run(name+" "+off.String(), func(t *testing.T) {
				is := is.New(t)
				table := clock.NewFake(start)
				mem := memstore.New(&memstore.Config{Clock: table})
				h := &setHost{Store: cued.New(mem), table: table}
				h.On("any", func(c *cued.Call) error {
					err := c.Do()
					h.correction = -h.off
					return err
				})
				m, err := sessions.New(h, &sessions.Config[cart]{PeekFor: time.Minute, RevocationCheck: time.Second})
				is.NoErr(err)
				right, err := sessions.New(mem, &sessions.Config[cart]{Clock: table})
				is.NoErr(err)
				s := m.Create()
				is.NoErr(m.Authenticate(t.Context(), s, "user"))
				_, err = m.Peek(t.Context(), s.ID().Secret()) // remembers it
				is.NoErr(err)

				table.Advance(time.Minute)
				h.off, h.correction = off, 0
				is.NoErr(call(m, s))
				found, err := right.Peek(t.Context(), s.ID().Secret())
				is.NoErr(err)
				is.True(found.ExpiresAt().Sub(table.Now()) <= 2*time.Hour)
				is.True(found.ExpiresAt().Sub(table.Now()) >= 2*time.Hour-2*time.Minute)

				table.Advance(2 * time.Hour)
				if name != "sessions" && name != "save unchanged" { // which asks the table nothing
					wants.Err(t, call(m, s), sessions.ErrNotFound)
				}
				_, err = right.Peek(t.Context(), s.ID().Secret())
				wants.Err(t, err, sessions.ErrNotFound)
			})
		}
	}
}

// If the write that corrects an access fails, the next call corrects it.
func TestClock_ACorrectionOfAnAccessThatFails(t *testing.T) {
	is := is.New(t)
	table := clock.NewFake(start)
	mem := memstore.New(&memstore.Config{Clock: table})
	h := &setHost{Store: cued.New(mem), table: table}
	m, err := sessions.New[cart](h, nil)
	is.NoErr(err)
	s, err := m.CreateAndSave(t.Context(), cart{})
	is.NoErr(err)
	table.Advance(time.Minute)
	h.off = time.Hour
	h.On("Replace", func(c *cued.Call) error {
		if h.correction != 0 {
			return sessions.ErrUnavailable
		}
		h.correction = -h.off
		return c.Do()
	})
	s.Data.Count++
	is.NoErr(m.Save(t.Context(), s))
	h.Off()
	is.True(m.Changed(s))
	is.NoErr(m.Save(t.Context(), s))
	is.True(!m.Changed(s))
	is.Equal(s.ExpiresAt(), table.Now().Add(2*time.Hour).Truncate(time.Second))
	rec, err := mem.Load(t.Context(), s.Handle())
	is.NoErr(err)
	is.Equal(rec.ExpiresAt(), s.ExpiresAt())
}

package lifecycle_test

import (
	"sync"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
)

// Each test covers a known failure of session libraries, in memory and on the engine.

func TestTrap_ARequestUnderWayDuringALogoutDoesNotBringTheSessionBack(t *testing.T) {
	for name, request := range map[string]func(t *testing.T, m *sessions.Manager[cart], s *sessions.Session[cart]) error{
		"Save": func(t *testing.T, m *sessions.Manager[cart], s *sessions.Session[cart]) error {
			s.Data.Count++
			return m.Save(t.Context(), s)
		},
		"Renew": func(t *testing.T, m *sessions.Manager[cart], s *sessions.Session[cart]) error {
			return m.Renew(t.Context(), s)
		},
		"Authenticate": func(t *testing.T, m *sessions.Manager[cart], s *sessions.Session[cart]) error {
			return m.Authenticate(t.Context(), s, "u")
		},
		"Update": func(t *testing.T, m *sessions.Manager[cart], s *sessions.Session[cart]) error {
			_, err := m.Update(t.Context(), s.ID().Secret(), func(c *cart) error { c.Count++; return nil })
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			places(t, func(t *testing.T, p place) {
				is := is.New(t)
				here, elsewhere := manager(t, p, sessions.Config[cart]{}), manager(t, p, sessions.Config[cart]{})
				s := saved(t, here, cart{})
				slow := loaded(t, elsewhere, s.ID().Secret())
				is.NoErr(here.Destroy(t.Context(), s))
				wants.Err(t, request(t, elsewhere, slow), sessions.ErrNotFound)
				is.Equal(p.count(t), 0)
			})
		})
	}
}

// between is a store that calls happens right after the next Load, before Load returns.
type between struct {
	sessions.Store
	happens func()
}

func (b *between) Load(ctx ctx, key string) (driver.Record, error) {
	rec, err := b.Store.Load(ctx, key)
	if b.happens != nil {
		b.happens()
		b.happens = nil
	}
	return rec, err
}

func TestTrap_ATouchOfAReadUnderWayDuringALogoutStoresNothing(t *testing.T) {
	places(t, func(t *testing.T, p place) {
		is := is.New(t)
		here := manager(t, p, sessions.Config[cart]{})
		s := saved(t, here, cart{})
		p.clock.Advance(time.Hour) // so that a touch is due
		store := &between{Store: p.store()}
		reader, err := sessions.New(store, &sessions.Config[cart]{Clock: p.clock})
		is.NoErr(err)
		store.happens = func() { is.NoErr(here.Destroy(t.Context(), s)) }
		_, err = reader.Load(t.Context(), s.ID().Secret())
		wants.Err(t, err, sessions.ErrNotFound)
		is.Equal(p.count(t), 0)
	})
}

func TestTrap_TheSlowerOfTwoChangesDoesNotOverwriteTheFaster(t *testing.T) {
	places(t, func(t *testing.T, p place) {
		is := is.New(t)
		here, elsewhere := manager(t, p, sessions.Config[cart]{}), manager(t, p, sessions.Config[cart]{})
		id := saved(t, here, cart{}).ID().Secret()
		a, b := loaded(t, here, id), loaded(t, elsewhere, id)
		a.Data.Items, b.Data.Items = []string{"a"}, []string{"b"}
		is.NoErr(here.Save(t.Context(), a))
		wants.Err(t, elsewhere.Save(t.Context(), b), sessions.ErrConflict)
		is.Equal(b.Data.Items, []string{"b"}) // the failed save keeps its changes
		is.Equal(loaded(t, here, id).Data.Items, []string{"a"})
	})
}

func TestTrap_AHundredUpdatesOfACounterCountToAHundred(t *testing.T) {
	places(t, func(t *testing.T, p place) {
		id := saved(t, manager(t, p, sessions.Config[cart]{}), cart{}).ID().Secret()
		var all sync.WaitGroup
		for range 4 {
			m := manager(t, p, sessions.Config[cart]{})
			for range 25 {
				all.Go(func() {
					if _, err := m.Update(t.Context(), id, func(c *cart) error { c.Count++; return nil }); err != nil {
						t.Error(err)
					}
				})
			}
		}
		all.Wait()
		is.New(t).Equal(loaded(t, manager(t, p, sessions.Config[cart]{}), id).Data.Count, int64(100))
	})
}

func TestTrap_AReadDoesNotRollBackAChange(t *testing.T) {
	places(t, func(t *testing.T, p place) {
		is := is.New(t)
		here := manager(t, p, sessions.Config[cart]{})
		s := saved(t, here, cart{})
		p.clock.Advance(time.Hour)
		store := &between{Store: p.store()}
		reader, err := sessions.New(store, &sessions.Config[cart]{Clock: p.clock})
		is.NoErr(err)
		store.happens = func() { // after the read, before its touch
			s.Data.Count = 7
			is.NoErr(here.Save(t.Context(), s))
		}
		loaded(t, reader, s.ID().Secret())
		is.Equal(loaded(t, here, s.ID().Secret()).Data.Count, int64(7))
		s.Data.Count = 8
		is.NoErr(here.Save(t.Context(), s)) // a touch does not conflict with a save
	})
}

func TestTrap_ARenewalKeepsTheAbsoluteDeadlineAndALoginMovesIt(t *testing.T) {
	places(t, func(t *testing.T, p place) {
		is := is.New(t)
		m := manager(t, p, sessions.Config[cart]{AbsoluteTimeout: 2 * time.Hour})
		s := saved(t, m, cart{})
		began := s.CreatedAt()
		p.clock.Advance(time.Hour)
		is.NoErr(m.Renew(t.Context(), s))
		is.Equal(loaded(t, m, s.ID().Secret()).CreatedAt(), began)
		is.NoErr(m.Authenticate(t.Context(), s, "u"))
		is.Equal(loaded(t, m, s.ID().Secret()).CreatedAt(), began.Add(time.Hour))
		p.clock.Advance(2*time.Hour - time.Second)
		loaded(t, m, s.ID().Secret())
		p.clock.Advance(time.Second)
		_, err := m.Load(t.Context(), s.ID().Secret())
		wants.Err(t, err, sessions.ErrExpired)
	})
}

func TestTrap_AfterNotFoundThereIsANewID(t *testing.T) {
	places(t, func(t *testing.T, p place) {
		is := is.New(t)
		m := manager(t, p, sessions.Config[cart]{})
		s := saved(t, m, cart{})
		old := s.ID()
		is.NoErr(m.Destroy(t.Context(), s))
		fresh, err := m.LoadOrCreate(t.Context(), old.Secret())
		is.NoErr(err)
		is.True(fresh.IsNew())
		is.True(fresh.ID() != old)
		is.NoErr(m.Authenticate(t.Context(), fresh, "u"))
		_, err = m.Load(t.Context(), old.Secret())
		wants.Err(t, err, sessions.ErrNotFound)
	})
}

package sessions_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
)

func TestRenewIsANewIDForTheSameSession(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{Items: []string{"tea"}})
	s.IdleTimeout = time.Hour
	is.NoErr(w.Save(t.Context(), s))
	old := s.ID()
	w.clock.Advance(10 * time.Minute)
	w.store.took()

	s.Data.Count = 1
	is.NoErr(w.Renew(t.Context(), s))
	is.Equal(w.store.took(), []string{"Rename"}) // one atomic step, which also saves
	is.True(s.ID() != old)
	is.Equal(s.CreatedAt(), start) // the same lifetime
	is.Equal(s.IdleTimeout, time.Hour)

	_, err := w.other.Load(t.Context(), old.Secret())
	is.True(errors.Is(err, sessions.ErrNotFound)) // the old ID is dead at once
	got, err := w.other.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(got.Data, cart{Items: []string{"tea"}, Count: 1})
	is.Equal(got.CreatedAt(), start)
	is.Equal(got.AccessedAt(), start.Add(10*time.Minute))
	is.Equal(got.IdleTimeout, time.Hour)
	is.Equal(w.mem.Len(), 1)

	s.Data.Count = 2
	is.NoErr(w.Save(t.Context(), s)) // and all goes on under the new one
	is.NoErr(w.Destroy(t.Context(), s))
	is.Equal(w.mem.Len(), 0)
}

// However often a session is renewed, it ends when it would have.
func TestRenewKeepsTheAbsoluteDeadline(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, &sessions.Config[cart]{AbsoluteTimeout: time.Hour})
	s := w.saved(t, cart{})
	for range 59 {
		w.clock.Advance(time.Minute)
		is.NoErr(w.Renew(t.Context(), s))
	}
	w.clock.Advance(time.Minute)
	is.True(errors.Is(w.Renew(t.Context(), s), sessions.ErrExpired))
	_, err := w.Load(t.Context(), s.ID().Secret())
	is.True(errors.Is(err, sessions.ErrExpired))
}

func TestRenewOfAnUnsavedSessionAsksNobody(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.Create()
	old := s.ID()
	is.NoErr(w.Renew(t.Context(), s))
	is.True(s.ID() != old)
	is.True(s.IsNew())
	is.Equal(len(w.store.took()), 0)
	is.NoErr(w.Save(t.Context(), s))
	_, err := w.Load(t.Context(), old.Secret())
	is.True(errors.Is(err, sessions.ErrNotFound))
	_, err = w.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
}

func TestRenewOfADestroyedSessionIsErrNotFound(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{})
	old := s.ID()
	is.NoErr(w.other.DestroyID(t.Context(), old.Secret()))
	is.True(errors.Is(w.Renew(t.Context(), s), sessions.ErrNotFound))
	is.Equal(s.ID(), old)
	is.Equal(w.mem.Len(), 0) // no item under either ID

	mine := w.saved(t, cart{})
	is.NoErr(w.Destroy(t.Context(), mine))
	is.True(errors.Is(w.Renew(t.Context(), mine), sessions.ErrNotFound))
	is.Equal(w.mem.Len(), 0)
}

func TestRenewOfAChangedSessionIsErrConflict(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{})
	old := s.ID()
	_, err := w.other.Update(t.Context(), old.Secret(), func(c *cart) error { c.Count = 5; return nil })
	is.NoErr(err)
	is.True(errors.Is(w.Renew(t.Context(), s), sessions.ErrConflict))
	is.Equal(s.ID(), old)
	got, err := w.Load(t.Context(), old.Secret())
	is.NoErr(err)
	is.Equal(got.Data.Count, 5) // nothing lost, nothing changed
}

func TestOneOfManyRenewsWins(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{})
	const n = 50
	held := make([]*sessions.Session[cart], n)
	errs := make([]error, n)
	for i := range held {
		var err error
		held[i], err = w.other.Load(t.Context(), s.ID().Secret())
		is.NoErr(err)
	}
	var wg sync.WaitGroup
	for i := range held {
		wg.Go(func() { errs[i] = w.other.Renew(t.Context(), held[i]) })
	}
	wg.Wait()
	won := 0
	for i, err := range errs {
		if err == nil {
			won++
			_, err := w.Load(t.Context(), held[i].ID().Secret())
			is.NoErr(err)
			continue
		}
		is.True(errors.Is(err, sessions.ErrConflict) || errors.Is(err, sessions.ErrNotFound))
	}
	is.Equal(won, 1)
	is.Equal(w.mem.Len(), 1) // never two live IDs
	_, err := w.Load(t.Context(), s.ID().Secret())
	is.True(errors.Is(err, sessions.ErrNotFound))
}

func TestRenewTakesAnotherIDWhenOneIsTaken(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{})
	var keys []string
	w.store.rename = func(ctx ctx, from string, rec driver.Record, rev string) error {
		if keys = append(keys, rec.Key); len(keys) < 3 {
			return driver.ErrExists
		}
		return w.mem.Rename(ctx, from, rec, rev)
	}
	is.NoErr(w.Renew(t.Context(), s))
	is.True(keys[0] != keys[1] && keys[1] != keys[2])
	is.Equal(s.Handle(), keys[2])
}

// Before it has begun a cancelled Renew does nothing; afterwards it goes through.
func TestRenewAndCancelledContexts(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{})
	old := s.ID()
	done, cancel := context.WithCancel(t.Context())
	cancel()
	is.True(errors.Is(w.Renew(done, s), context.Canceled))
	is.True(errors.Is(w.Authenticate(done, s, "ada"), context.Canceled))
	is.Equal(len(w.store.took()), 0)
	is.Equal(s.ID(), old)

	under, cancel := context.WithCancel(t.Context())
	w.store.rename = func(ctx ctx, from string, rec driver.Record, rev string) error {
		cancel() // the client hangs up while the store is at work
		is.NoErr(ctx.Err())
		return w.mem.Rename(ctx, from, rec, rev)
	}
	is.NoErr(w.Renew(under, s))
	_, err := w.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
}

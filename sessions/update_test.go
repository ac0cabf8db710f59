package sessions_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
)

func TestUpdateLosesNoChange(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{})
	var wg sync.WaitGroup
	errs := make(chan error, 100)
	for i := range 100 {
		m := w.other
		if i%2 == 0 {
			m, _ = sessions.New[cart](w.mem, &sessions.Config[cart]{Clock: w.clock})
		}
		wg.Go(func() {
			_, err := m.Update(t.Context(), s.ID().Secret(), func(c *cart) error { c.Count++; return nil })
			errs <- err
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		is.NoErr(err)
	}
	got, err := w.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(got.Data.Count, 100) // 100 parallel Updates of a counter give 100
}

func TestUpdateIsOneReadAndOneWrite(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{})
	got, err := w.Update(t.Context(), s.ID().Secret(), func(c *cart) error { c.Count = 8; return nil })
	is.NoErr(err)
	is.Equal(got.Data.Count, 8)
	is.Equal(w.store.took(), []string{"Load", "Replace"})
	_, err = w.Update(t.Context(), s.ID().Secret(), func(*cart) error { return nil })
	is.NoErr(err)
	is.Equal(w.store.took(), []string{"Load"}) // without a change, none
}

func TestUpdateBeginsAgainWithWhatIsStored(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{Count: 1})
	var seen []int
	_, err := w.Update(t.Context(), s.ID().Secret(), func(c *cart) error {
		seen = append(seen, c.Count)
		if len(seen) < 3 {
			_, err := w.other.Update(t.Context(), s.ID().Secret(), func(c *cart) error { c.Count *= 10; return nil })
			is.NoErr(err)
		}
		c.Count++
		return nil
	})
	is.NoErr(err)
	is.Equal(seen, []int{1, 10, 100}) // each time another state, never twice the same
	got, err := w.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(got.Data.Count, 101)
}

func TestUpdateReturnsTheErrorOfFAndStoresNothing(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{Count: 1})
	refused := errors.New("refused")
	got, err := w.Update(t.Context(), s.ID().Secret(), func(c *cart) error { c.Count = 99; return refused })
	is.Equal(err, refused) // as it is
	is.True(got == nil)
	is.Equal(w.store.took(), []string{"Load"})
}

// Applying f again after an unknown outcome could count twice.
func TestUpdateDoesNotRepeatAnUnknownOutcome(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{})
	calls := 0
	w.lostAnswer(true)
	_, err := w.Update(t.Context(), s.ID().Secret(), func(c *cart) error { calls++; c.Count++; return nil })
	is.True(errors.Is(err, sessions.ErrOutcomeUnknown))
	is.Equal(calls, 1)
	got, err := w.other.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(got.Data.Count, 1)
}

func TestUpdateOfADestroyedSession(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{})
	_, err := w.Update(t.Context(), s.ID().Secret(), func(c *cart) error {
		c.Count++
		return w.other.DestroyID(t.Context(), s.ID().Secret())
	})
	is.True(errors.Is(err, sessions.ErrNotFound)) // destroyed between its read and its write
	is.Equal(w.mem.Len(), 0)
	_, err = w.Update(t.Context(), s.ID().Secret(), func(*cart) error { return nil })
	is.True(errors.Is(err, sessions.ErrNotFound)) // and before
}

func TestUpdateIsBoundedAndHeedsItsContext(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{})
	w.store.replace = func(ctx, driver.Record, string) error { return sessions.ErrConflict }
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	_, err := w.Update(ctx, s.ID().Secret(), func(c *cart) error {
		c.Count++
		if calls++; calls == 5 {
			cancel()
		}
		return nil
	})
	is.True(errors.Is(err, context.Canceled)) // ended while it waited for its turn
	is.True(calls < 10)
}

func TestUpdateGivesUpAfter256Attempts(t *testing.T) {
	t.Parallel() // the pauses between the attempts are real
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{})
	w.store.replace = func(ctx, driver.Record, string) error { return sessions.ErrConflict }
	calls := 0
	_, err := w.Update(t.Context(), s.ID().Secret(), func(c *cart) error { calls++; c.Count++; return nil })
	is.True(errors.Is(err, sessions.ErrConflict))
	is.Equal(calls, 256)
}

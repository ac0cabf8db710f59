package sessions_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
)

// add merges two carts: what each side added to the base, both have.
func add(base, ours, theirs cart) (cart, error) {
	merged := cart{Items: slices.Clone(theirs.Items), Count: theirs.Count + ours.Count - base.Count}
	for _, item := range ours.Items {
		if !slices.Contains(base.Items, item) {
			merged.Items = append(merged.Items, item)
		}
	}
	return merged, nil
}

func TestMergeResolvesALostRace(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, &sessions.Config[cart]{Merge: add})
	s := w.saved(t, cart{Items: []string{"tea"}, Count: 1})
	_, err := w.other.Update(t.Context(), s.ID().Secret(), func(c *cart) error {
		c.Items = append(c.Items, "theirs")
		c.Count += 10
		return nil
	})
	is.NoErr(err)
	s.Data.Items = append(s.Data.Items, "ours")
	s.Data.Count += 100
	is.NoErr(w.Save(t.Context(), s))
	want := cart{Items: []string{"tea", "theirs", "ours"}, Count: 111}
	is.Equal(s.Data, want) // the session in hand holds what is stored
	got, err := w.other.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(got.Data, want)

	w.store.took()
	is.NoErr(w.Save(t.Context(), s))
	is.Equal(len(w.store.took()), 0) // and is in step with it
}

func TestMergeLosesNothingOfManySaves(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, &sessions.Config[cart]{Merge: add})
	s := w.saved(t, cart{})
	const n = 12 // fewer than the attempts, so that nobody gives up
	var wg sync.WaitGroup
	errs := make([]error, n)
	for i := range n {
		mine, err := w.other.Load(t.Context(), s.ID().Secret())
		is.NoErr(err)
		wg.Go(func() {
			mine.Data.Count++
			errs[i] = w.other.Save(t.Context(), mine)
		})
	}
	wg.Wait()
	is.NoErr(errors.Join(errs...))
	got, err := w.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(got.Data.Count, n)
}

func TestMergeWorksForRenewAndAuthenticateToo(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, &sessions.Config[cart]{Merge: add})
	s := w.saved(t, cart{})
	for i, call := range []func() error{
		func() error { return w.Renew(t.Context(), s) },
		func() error { return w.Authenticate(t.Context(), s, "ada") },
	} {
		_, err := w.other.Update(t.Context(), s.ID().Secret(), func(c *cart) error { c.Count += 10; return nil })
		is.NoErr(err)
		s.Data.Count++
		is.NoErr(call())
		got, err := w.other.Load(t.Context(), s.ID().Secret())
		is.NoErr(err)
		is.Equal(got.Data.Count, (i+1)*11)
		is.Equal(w.mem.Len(), 1)
	}
}

func TestMergeIsBounded(t *testing.T) {
	is := is.New(t)
	calls := 0
	w := newWorld(t, &sessions.Config[cart]{Merge: func(_, ours, _ cart) (cart, error) { calls++; return ours, nil }})
	s := w.saved(t, cart{})
	w.store.replace = func(ctx, driver.Record, string) error { return sessions.ErrConflict }
	s.Data.Count = 1
	is.True(errors.Is(w.Save(t.Context(), s), sessions.ErrConflict))
	is.Equal(calls, 16)
	is.Equal(s.Data.Count, 1) // and nothing of the session in hand is lost
}

func TestMergeErrorEndsTheSave(t *testing.T) {
	is := is.New(t)
	refused := errors.New("both took the last seat")
	w := newWorld(t, &sessions.Config[cart]{Merge: func(_, _, _ cart) (cart, error) { return cart{}, refused }})
	s := w.saved(t, cart{})
	_, err := w.other.Update(t.Context(), s.ID().Secret(), func(c *cart) error { c.Count = 2; return nil })
	is.NoErr(err)
	s.Data.Count = 1
	err = w.Save(t.Context(), s)
	is.True(errors.Is(err, refused))
	is.True(!errors.Is(err, sessions.ErrUnavailable))
	is.True(strings.Contains(err.Error(), "save"))
	is.Equal(s.Data.Count, 1)
}

func TestMergeDoesNotReviveTheDestroyed(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, &sessions.Config[cart]{Merge: add})
	s := w.saved(t, cart{})
	w.store.replace = func(ctx ctx, rec driver.Record, rev string) error {
		is.NoErr(w.other.DestroyID(ctx, s.ID().Secret())) // between the lost race and the merge
		return sessions.ErrConflict
	}
	s.Data.Count = 1
	is.True(errors.Is(w.Save(t.Context(), s), sessions.ErrNotFound))
	is.Equal(w.mem.Len(), 0)
}

func TestMergeTakesTheirTimeoutsUnlessOursChanged(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, &sessions.Config[cart]{Merge: add})
	s := w.saved(t, cart{})
	theirs, err := w.other.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	theirs.IdleTimeout, theirs.AbsoluteTimeout = time.Hour, 5*time.Hour
	is.NoErr(w.other.Save(t.Context(), theirs))
	s.IdleTimeout = time.Minute
	s.Data.Count = 1
	is.NoErr(w.Save(t.Context(), s))
	is.Equal(s.IdleTimeout, time.Minute)
	is.Equal(s.AbsoluteTimeout, 5*time.Hour)
}

// A write in doubt may be part of what another has stored since: merged, it would count twice.
func TestMergeIsNotTriedOnAWriteInDoubt(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, &sessions.Config[cart]{Merge: add})
	s := w.saved(t, cart{})
	s.Data.Count = 1
	w.lostAnswer(true)
	is.True(errors.Is(w.Save(t.Context(), s), sessions.ErrOutcomeUnknown))
	w.store.create, w.store.replace = nil, nil
	_, err := w.other.Update(t.Context(), s.ID().Secret(), func(c *cart) error { c.Count += 10; return nil })
	is.NoErr(err)
	is.True(errors.Is(w.Save(t.Context(), s), sessions.ErrConflict))
	got, err := w.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(got.Data.Count, 11)
}

// Update begins again with f instead of merging: both would count twice.
func TestUpdateDoesNotMerge(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, &sessions.Config[cart]{Merge: func(_, _, _ cart) (cart, error) { panic("not for Update") }})
	s := w.saved(t, cart{})
	first := true
	_, err := w.Update(t.Context(), s.ID().Secret(), func(c *cart) error {
		if first {
			first = false
			_, err := w.other.Update(t.Context(), s.ID().Secret(), func(c *cart) error { c.Count++; return nil })
			is.NoErr(err)
		}
		c.Count++
		return nil
	})
	is.NoErr(err)
	got, err := w.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(got.Data.Count, 2)
}

package sessions_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions/internal/cued"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions"
)

func TestDestroyedIsDestroyedForEveryManager(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{})
	is.NoErr(w.Destroy(t.Context(), s))
	is.Equal(w.store.Took(), []string{"End"}) // one call
	is.Equal(w.mem.Len(), 0)
	_, err := w.other.Load(t.Context(), s.ID().Secret())
	wants.Err(t, err, sessions.ErrNotFound)
	is.NoErr(w.Destroy(t.Context(), s)) // again is no error
}

func TestDestroyIDNeedsNoLoad(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{})
	is.NoErr(w.DestroyID(t.Context(), s.ID().Secret()))
	is.Equal(w.store.Took(), []string{"End"})
	is.Equal(w.mem.Len(), 0)
	is.NoErr(w.DestroyID(t.Context(), s.ID().Secret()))                       // gone already
	is.NoErr(w.DestroyID(t.Context(), sessions.RandomIDs(32).New().Secret())) // never existed
	wants.Err(t, w.DestroyID(t.Context(), "x"), sessions.ErrInvalidID)        // can't exist
	// A handle is not an ID.
	err := w.DestroyID(t.Context(), s.Handle())
	wants.Err(t, err, sessions.ErrInvalidID)
	is.True(strings.Contains(err.Error(), "end its session by Revoke with its subject, or by `dynasession session end`"))
}

func TestDestroyOfAnUnsavedSessionAsksNobody(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.Create()
	is.NoErr(w.Destroy(t.Context(), s))
	is.Equal(len(w.store.Took()), 0)
	wants.Err(t, w.Save(t.Context(), s), sessions.ErrNotFound) // and it stays ended
	is.Equal(w.mem.Len(), 0)
}

func TestDestroyAfterACreateInDoubtAsksTheStore(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.Create()
	w.lostAnswer(true)
	wants.Err(t, w.Save(t.Context(), s), sessions.ErrOutcomeUnknown)
	is.Equal(w.mem.Len(), 1)
	is.NoErr(w.Destroy(t.Context(), s))
	is.Equal(w.mem.Len(), 0)
}

// Whatever a slow request does after the logout, the session stays ended.
func TestNothingBringsADestroyedSessionBack(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, &sessions.Config[cart]{TouchInterval: -1})
	s := w.saved(t, cart{})
	slow, err := w.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.NoErr(w.other.DestroyID(t.Context(), s.ID().Secret()))

	w.clock.Advance(time.Second)
	slow.Data.Count++
	wants.Err(t, w.Save(t.Context(), slow), sessions.ErrNotFound)
	_, err = w.Load(t.Context(), s.ID().Secret())
	wants.Err(t, err, sessions.ErrNotFound)
	_, err = w.Update(t.Context(), s.ID().Secret(), func(c *cart) error { c.Count++; return nil })
	wants.Err(t, err, sessions.ErrNotFound)
	is.Equal(w.mem.Len(), 0) // no item
}

// A logout completes even if its client hangs up.
func TestDestroyGoesThroughACancelledContext(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	a, b := w.saved(t, cart{}), w.saved(t, cart{})
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	is.NoErr(w.Destroy(cancelled, a))
	is.NoErr(w.DestroyID(cancelled, b.ID().Secret()))
	is.Equal(w.mem.Len(), 0)
}

func TestFailedDestroyIsToldAndMayBeRepeated(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{})
	w.store.On("End", func(*cued.Call) error { return sessions.ErrUnavailable })
	wants.Err(t, w.Destroy(t.Context(), s), sessions.ErrUnavailable)
	wants.Err(t, w.DestroyID(t.Context(), s.ID().Secret()), sessions.ErrUnavailable)
	s.Data.Count++
	is.NoErr(w.Save(t.Context(), s)) // it is still alive and usable
	w.store.On("End", nil)
	is.NoErr(w.Destroy(t.Context(), s))
	is.Equal(w.mem.Len(), 0)
}

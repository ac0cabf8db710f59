package sessions_test

import (
	"errors"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions"
)

func TestChange_OneThatIsUnchangedAsksNothing(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{Count: 1})
	is.NoErr(w.Save(t.Context(), s))
	is.Equal(len(w.store.took()), 0)
	s.IdleTimeout += time.Second
	is.NoErr(w.Save(t.Context(), s))
	is.Equal(w.store.took(), []string{"Replace"})
}

func TestChange_OneThatIsUnchangedAndDeadIsExpired(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{Count: 1})
	w.clock.Advance(2 * time.Hour)
	is.True(errors.Is(w.Save(t.Context(), s), sessions.ErrExpired))
}

func TestChange_ASlowRequestMayWriteWhereOthersKeptTheSessionAlive(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{Count: 1})
	w.clock.Advance(90 * time.Minute)
	_, err := w.other.Load(t.Context(), s.ID().Secret()) // records an access
	is.NoErr(err)
	w.clock.Advance(31 * time.Minute) // by what s knows it has idled out
	s.Data.Count = 2
	is.NoErr(w.Save(t.Context(), s))
	is.Equal(w.store.took(), []string{"Load", "Replace"})
}

func TestChange_ASessionNeverSavedCanExpireToo(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.Create()
	w.clock.Advance(2 * time.Hour)
	is.True(errors.Is(w.Save(t.Context(), s), sessions.ErrExpired))
	is.Equal(len(w.store.took()), 0)
}

package sessions_test

import (
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions"
)

func TestChanged(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	is.True(w.Changed(w.Create())) // never saved
	s := w.saved(t, cart{Count: 1, Items: []string{"a"}})
	is.True(!w.Changed(s))
	s.Data.Items[0] = "b"
	is.True(w.Changed(s))
	s.Data.Items[0] = "a"
	is.True(!w.Changed(s)) // changed back
	s.IdleTimeout += time.Second
	is.True(w.Changed(s))
	is.NoErr(w.Destroy(t.Context(), s))
	is.True(!w.Changed(s)) // there is nothing to save any more
	is.True(!w.Changed(nil))
	is.True(!w.Changed(&sessions.Session[cart]{}))
}

func TestClock_IsTheConfigs(t *testing.T) {
	w := newWorld(t, nil)
	is.New(t).Equal(w.Clock(), w.clock)
}

package sessions_test

import (
	"testing"
	"time"

	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions/internal/cued"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions"
)

// OWASP ASVS 7.4.5: everybody's sessions are ended at once.
func TestRevokeBefore_ASVS_7_4_5(t *testing.T) {
	is := is.New(t)
	p := newWorld(t, &sessions.Config[cart]{RevocationCheck: 10 * time.Second})
	anonymous, err := p.CreateAndSave(t.Context(), cart{})
	is.NoErr(err)
	user := p.login(t, "user")
	is.True(p.alive(t, user)) // and so the other Manager has asked just now
	p.clock.Advance(time.Second)
	is.NoErr(p.RevokeBefore(t.Context(), p.clock.Now()))
	_, err = p.Load(t.Context(), user.ID().Secret())
	wants.Err(t, err, sessions.ErrNotFound) // who did it knows at once
	p.clock.Advance(9*time.Second - time.Millisecond)
	is.True(p.alive(t, user)) // others within the time of the check
	p.clock.Advance(time.Millisecond)
	is.True(!p.alive(t, user) && !p.alive(t, anonymous))
	is.True(p.alive(t, p.login(t, "user"))) // who signs in afterwards is in
	p.clock.Advance(time.Minute)
	is.NoErr(p.other.RevokeBefore(t.Context(), p.clock.Now())) // once more
	is.True(!p.alive(t, user))
}

func TestRevokeBefore_CostsOneReadInAWhile(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, &sessions.Config[cart]{RevocationCheck: 10 * time.Second})
	s := w.saved(t, cart{})
	for range 100 {
		_, err := w.Load(t.Context(), s.ID().Secret())
		is.NoErr(err)
	}
	is.Equal(len(w.store.Took()), 101)
	w.clock.Advance(10 * time.Second)
	_, err := w.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(len(w.store.Took()), 2)
}

func TestRevokeBefore_IsRefusedWhereNobodyWouldNotice(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	wants.Text(t, w.RevokeBefore(t.Context(), w.clock.Now()), "Config.RevocationCheck is 0")
	is.Equal(len(w.store.Took()), 0)
	_, err := sessions.New(w.mem, &sessions.Config[cart]{RevocationCheck: time.Millisecond})
	wants.Text(t, err, "Config.RevocationCheck is 1ms: must be at least 1s")
}

func TestRevokeBefore_AnOutageOfTheCheckIsOneOfTheLoad(t *testing.T) {
	w := newWorld(t, &sessions.Config[cart]{RevocationCheck: 10 * time.Second})
	s := w.saved(t, cart{})
	w.store.On("LoadAll", func(c *cued.Call) error { return sessions.ErrUnavailable })
	_, err := w.Load(t.Context(), s.ID().Secret())
	wants.Err(t, err, sessions.ErrUnavailable)
}

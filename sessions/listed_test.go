package sessions_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions"
)

func TestListed_ARosterForgetsWhatExpired(t *testing.T) {
	is := is.New(t)
	p := newPeople(t, sessions.Config[cart]{})
	long := p.here.Create()
	long.IdleTimeout, long.AbsoluteTimeout = 100*24*time.Hour, 100*24*time.Hour
	is.NoErr(p.here.Authenticate(t.Context(), long, "user")) // keeps the roster alive
	for range 10 {
		p.login(t, "user")
	}
	key := p.rosterKey(t)
	p.clock.Advance(24 * time.Hour)
	p.login(t, "user")
	r, err := p.mem.LoadRoster(t.Context(), key)
	is.NoErr(err)
	is.Equal(len(r.Entries), 2)
}

// rosterKey returns the key of the roster of "user".
func (p people) rosterKey(t *testing.T) string {
	t.Helper()
	// The SHA-512 of "user", in hex.
	return "subject:b14361404c078ffd549c03db443c3fede2f3e534d73f78f77301ed97d4a436a9fd9db05ee8b325c0ad36438b43fec8510c204fc1c1edb21d0941c00e9e2c1ce2"
}

func TestListed_ASubjectHasNoMoreSessionsThanFit(t *testing.T) {
	is := is.New(t)
	p := newPeople(t, sessions.Config[cart]{})
	for range 2500 {
		p.login(t, "user")
	}
	err := p.here.Authenticate(t.Context(), p.here.Create(), "user")
	is.True(errors.Is(err, sessions.ErrLimit))
	is.True(strings.Contains(err.Error(), "may have 2500"))
	n, err := p.here.RevokeAll(t.Context(), "user")
	is.NoErr(err)
	is.Equal(n, 2500)
}

func TestListed_ALoginWhoseOldSessionIsGone(t *testing.T) {
	is := is.New(t)
	p := newPeople(t, sessions.Config[cart]{})
	s := p.login(t, "user")
	is.NoErr(p.elsewhere.DestroyID(t.Context(), s.ID().Secret()))
	is.True(errors.Is(p.here.Authenticate(t.Context(), s, "user"), sessions.ErrNotFound))
	is.True(errors.Is(p.here.Renew(t.Context(), s), sessions.ErrNotFound))
	is.Equal(p.mem.Len(), 0)
}

func TestListed_AStaleOneCannotLogIn(t *testing.T) {
	is := is.New(t)
	p := newPeople(t, sessions.Config[cart]{})
	s := p.login(t, "user")
	_, err := p.elsewhere.Update(t.Context(), s.ID().Secret(), func(c *cart) error { c.Count++; return nil })
	is.NoErr(err)
	is.True(errors.Is(p.here.Authenticate(t.Context(), s, "user"), sessions.ErrConflict))
	is.Equal(len(p.handles(t, "user")), 1)
}

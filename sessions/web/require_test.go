package web_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions"
)

func TestRequireSubject(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	inside := s.RequireSubject(s.count(t)).ServeHTTP
	is.Equal(s.get(inside).Code, http.StatusUnauthorized)
	is.Equal(s.get(inside, s.stored(t, visitor{})).Code, http.StatusUnauthorized) // a session, and nobody's
	id := cookie(t, s.get(func(_ http.ResponseWriter, r *http.Request) { is.NoErr(s.Authenticate(r.Context(), "u")) })).Value
	is.Equal(s.get(inside, id).Code, http.StatusOK)
	is.Equal(s.data(t, id).Visits, 1)

	s.store.fails = fmt.Errorf("%w: out", sessions.ErrUnavailable)
	w := s.get(inside, id)
	is.Equal(w.Code, http.StatusServiceUnavailable)
	is.Equal(len(w.Header().Values("Set-Cookie")), 0)
}

func TestRequireFresh_GoesByTheTimeOfTheLogin(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	inside := s.RequireFresh(5 * time.Minute)(s.count(t)).ServeHTTP
	is.Equal(s.get(inside, s.stored(t, visitor{})).Code, http.StatusUnauthorized) // young, and nobody's
	login := func(ids ...string) string {
		return cookie(t, s.get(func(_ http.ResponseWriter, r *http.Request) { is.NoErr(s.Authenticate(r.Context(), "u")) }, ids...)).Value
	}
	id := login()
	s.clock.Advance(5*time.Minute - time.Second)
	is.Equal(s.get(inside, id).Code, http.StatusOK)
	s.clock.Advance(time.Second)
	is.Equal(s.get(inside, id).Code, http.StatusUnauthorized)
	id = cookie(t, s.get(func(_ http.ResponseWriter, r *http.Request) { is.NoErr(s.Renew(r.Context())) }, id)).Value
	is.Equal(s.get(inside, id).Code, http.StatusUnauthorized) // a new ID is no login
	is.Equal(s.get(inside, login(id)).Code, http.StatusOK)
}

// A login in the future comes from a wrong clock, and would stay fresh for ever.
func TestRequireFresh_RefusesALoginInTheFuture(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	inside := s.RequireFresh(5 * time.Minute)(s.count(t)).ServeHTTP
	now := s.clock.Now()
	id := cookie(t, s.get(func(_ http.ResponseWriter, r *http.Request) { is.NoErr(s.Authenticate(r.Context(), "u")) })).Value
	s.clock.Set(now.Add(-3 * time.Second)) // of a host that is a little slow
	is.Equal(s.get(inside, id).Code, http.StatusOK)
	s.clock.Set(now.Add(-time.Minute))
	is.Equal(s.get(inside, id).Code, http.StatusUnauthorized)
}

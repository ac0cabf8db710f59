package web_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/web"
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

// A Config.Error that only logs must not lead to an empty 200, as if the user had been admitted.
func TestRequire_AConfigErrorThatSaysNothingIsNoSuccess(t *testing.T) {
	s := newSite(t, &web.Config{Logger: quietly().Logger, Bound: time.Minute, Error: func(w http.ResponseWriter, _ *http.Request, _ error) {
		w.Header().Set("X-Error", "yes")
	}})
	for name, c := range map[string]struct {
		guard func(http.Handler) http.Handler
		fails error
		want  int
	}{
		"RequireSubject": {s.RequireSubject, nil, http.StatusUnauthorized},
		"RequireFresh":   {s.RequireFresh(time.Minute), nil, http.StatusUnauthorized},
		"RequireBound":   {s.RequireBound, nil, http.StatusUnauthorized},
		"an outage":      {s.RequireSubject, errOut, http.StatusServiceUnavailable},
		"itself":         {func(next http.Handler) http.Handler { return sameCookie(t, s.manager).Handler(next) }, nil, http.StatusInternalServerError},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			s.store.fails = c.fails
			w := recorder()
			s.Handler(c.guard(s.count(t))).ServeHTTP(w, request(s.fake()))
			is.Equal(w.Code, c.want)
		})
	}
}

// sameCookie returns another Middleware with the default cookie.
func sameCookie(t testing.TB, m *sessions.Manager[visitor]) *web.Middleware[visitor] {
	t.Helper()
	again, err := web.New(m, &web.Config{Logger: quietly().Logger, Error: func(http.ResponseWriter, *http.Request, error) {}})
	if err != nil {
		t.Fatal(err)
	}
	return again
}

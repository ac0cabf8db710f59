package web_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/memstore"
	"github.com/dynasession/dynasession/sessions/web"
)

// withRosters returns a site on a plain memstore, which keeps rosters.
func withRosters(t *testing.T) site {
	t.Helper()
	s := newSite(t, nil)
	m, err := sessions.New(s.mem, &sessions.Config[visitor]{Clock: s.clock})
	if err != nil {
		t.Fatal(err)
	}
	if s.Middleware, err = web.New(m, nil); err != nil {
		t.Fatal(err)
	}
	s.manager = m
	return s
}

func (s site) login(t *testing.T, subject string) string {
	t.Helper()
	return cookie(t, s.get(func(_ http.ResponseWriter, r *http.Request) {
		if err := s.Authenticate(r.Context(), subject); err != nil {
			t.Error(err)
		}
	})).Value
}

func (s site) alive(t *testing.T, id string) bool {
	t.Helper()
	_, err := s.manager.Load(t.Context(), id)
	return err == nil
}

func TestSessions_MarksTheCurrentOne(t *testing.T) {
	is := is.New(t)
	s := withRosters(t)
	a, b := s.login(t, "user"), s.login(t, "user")
	for _, id := range []string{a, b} {
		s.get(func(_ http.ResponseWriter, r *http.Request) {
			infos, err := s.Sessions(r.Context())
			is.NoErr(err)
			is.Equal(len(infos), 2)
			for _, i := range infos {
				is.Equal(i.Current, i.Handle == s.session(t, r).Handle())
			}
		}, id)
	}
}

func TestRevoke_OneAndTheOthers(t *testing.T) {
	is := is.New(t)
	s := withRosters(t)
	a, b, c, foreign := s.login(t, "user"), s.login(t, "user"), s.login(t, "user"), s.login(t, "another")
	handle := func(id string) string { return s.handle(t, id) }
	s.get(func(_ http.ResponseWriter, r *http.Request) {
		wants.Err(t, s.Revoke(r.Context(), handle(foreign)), sessions.ErrNotFound)
		is.NoErr(s.Revoke(r.Context(), handle(b)))
		n, err := s.RevokeOthers(r.Context())
		is.NoErr(err)
		is.Equal(n, 1)
	}, a)
	is.True(s.alive(t, a) && !s.alive(t, b) && !s.alive(t, c) && s.alive(t, foreign))
	w := s.get(func(_ http.ResponseWriter, r *http.Request) { is.NoErr(s.Revoke(r.Context(), handle(a))) }, a)
	is.True(cookie(t, w).MaxAge < 0) // one's own is a logout
}

func TestTrap_RevokingGoesThroughWhenTheClientHasHungUp(t *testing.T) {
	is := is.New(t)
	s := withRosters(t)
	a, b := s.login(t, "user"), s.login(t, "user")
	hungUp, hangUp := context.WithCancel(t.Context())
	hooked := &onBump{Store: s.mem, hangUp: hangUp}
	m, err := sessions.New(hooked, &sessions.Config[visitor]{Clock: s.clock})
	is.NoErr(err)
	sess, err := web.New(m, nil)
	is.NoErr(err)
	sess.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		n, err := sess.RevokeOthers(r.Context())
		is.NoErr(err)
		is.Equal(n, 1)
	})).ServeHTTP(httptest.NewRecorder(), request(a).WithContext(hungUp))
	is.True(hungUp.Err() != nil)
	is.True(s.alive(t, a) && !s.alive(t, b))
}

// onBump is a store whose client hangs up at the first change of a roster.
type onBump struct {
	*memstore.Store
	hangUp func()
}

func (o *onBump) ChangeRoster(ctx context.Context, c driver.RosterChange) (driver.Roster, error) {
	o.hangUp()
	return o.Store.ChangeRoster(ctx, c)
}

func TestDevices_OfNobody(t *testing.T) {
	s := withRosters(t)
	s.get(func(_ http.ResponseWriter, r *http.Request) {
		_, err := s.Sessions(r.Context())
		wants.Err(t, err, web.ErrNoSubject)
		_, err = s.RevokeOthers(r.Context())
		wants.Err(t, err, web.ErrNoSubject)
		wants.Err(t, s.Revoke(r.Context(), "x"), web.ErrNoSubject)
	})
}

package web_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/web"
)

// fake returns a well-formed ID of no session.
func (s site) fake() string { return s.manager.Create().ID().Secret() }

func TestLoad_ADeadIDIsLeftWhereItIs(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	expired := s.stored(t, visitor{})
	s.clock.Advance(3 * time.Hour)
	for name, id := range map[string]string{
		"unknown": s.fake(), "expired": expired, "of no form of ours": "app2-session", "empty": "",
	} {
		w := s.get(func(_ http.ResponseWriter, r *http.Request) { is.True(s.session(t, r).IsNew()) }, id)
		if cookie(t, w) != nil {
			t.Errorf("%s: the cookie is not left alone", name)
		}
		s.store.took()
		c := cookie(t, s.get(s.count(t), id)) // a visitor can begin anew
		is.True(c != nil && c.Value != id)
	}
}

func TestTrap_AnIDOfTheClientsOwnNeverBecomesASession(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	planted := s.fake()
	c := cookie(t, s.get(s.count(t), planted))
	is.True(c.Value != "" && c.Value != planted)
	is.Equal(s.mem.Len(), 1)
	is.Equal(s.data(t, c.Value).Visits, 1)
}

func TestLoad_WhatCanBeNoIDAsksNobody(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	good := s.stored(t, visitor{})
	for _, bad := range []string{"", "x", good + "x", good[1:], strings.Repeat("a", 5000), s.manager.Create().Handle()} {
		s.get(func(_ http.ResponseWriter, r *http.Request) { is.True(s.session(t, r).IsNew()) }, bad)
		is.Equal(s.store.took(), "")
	}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Cookie", `__Host-id="`+good+`"`)
	s.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { is.True(s.session(t, r).IsNew()) })).ServeHTTP(httptest.NewRecorder(), r)
	is.Equal(s.store.took(), "") // quotes belong to the value
}

func TestTrap_PlantedCookiesNeitherWinNorLockOut(t *testing.T) {
	s := newSite(t, nil)
	mine := s.stored(t, visitor{Name: "mine"})
	sees := func(t *testing.T, want string, ids ...string) *httptest.ResponseRecorder {
		t.Helper()
		return s.get(func(_ http.ResponseWriter, r *http.Request) {
			if got := s.session(t, r).Data.Name; got != want {
				t.Errorf("the session of %q, want that of %q", got, want)
			}
		}, ids...)
	}
	for name, ids := range map[string][]string{
		"before": {s.fake(), mine}, "after": {mine, s.fake()}, "around": {s.fake(), "x", mine, "", s.fake()},
		"the same twice": {mine, mine}, "many of no form": append(many(100), mine),
	} {
		t.Run(name, func(t *testing.T) {
			w := sees(t, "mine", ids...)
			is.New(t).Equal(cookie(t, w), nil) // and it isn't taken away
		})
	}
	t.Run("one that is alive", func(t *testing.T) { // nothing tells which is whose: neither is taken, and neither is ended
		is := is.New(t)
		theirs := s.stored(t, visitor{Name: "theirs"})
		logs(t)
		for _, ids := range [][]string{{mine, theirs}, {theirs, mine}} {
			is.Equal(cookie(t, sees(t, "", ids...)), nil)
		}
		is.Equal(s.data(t, mine).Name, "mine")
	})
	t.Run("very many", func(t *testing.T) {
		is := is.New(t)
		var ids []string
		for range 100 {
			ids = append(ids, s.fake())
		}
		s.store.took()
		s.get(func(_ http.ResponseWriter, r *http.Request) { s.session(t, r) }, ids...)
		is.Equal(s.store.took(), "Load Load Load") // and an event that says how many more
	})
}

func many(n int) []string {
	var ids []string
	for i := range n {
		ids = append(ids, fmt.Sprint("x", i))
	}
	return ids
}

func TestTrap_MoreThan3000CookiesAreAnonymousAndNothingIsDeleted(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	id := s.stored(t, visitor{Name: "mine"})
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Cookie", "__Host-id="+id+strings.Repeat("; a=b", 3000))
	w := httptest.NewRecorder()
	s.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { is.True(s.session(t, r).IsNew()) })).ServeHTTP(w, r)
	is.Equal(len(w.Header().Values("Set-Cookie")), 0)
	is.Equal(s.data(t, id).Name, "mine")
}

func TestTrap_AnOutageKeepsTheCookieAndIsNoAnonymousVisitor(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	id := s.stored(t, visitor{Name: "mine"})
	s.store.fails = fmt.Errorf("%w: out", sessions.ErrUnavailable)
	ran := 0
	for range 100 {
		w := s.get(func(_ http.ResponseWriter, r *http.Request) {
			ran++
			got, err := s.Session(r.Context())
			wants.Err(t, err, sessions.ErrUnavailable)
			is.True(got == nil)
		}, id)
		is.Equal(w.Code, http.StatusServiceUnavailable)
		is.Equal(len(w.Header().Values("Set-Cookie")), 0)
	}
	is.Equal(ran, 100)
	s.store.fails = nil
	s.get(func(_ http.ResponseWriter, r *http.Request) { is.Equal(s.session(t, r).Data.Name, "mine") }, id)
	is.Equal(s.mem.Len(), 1)
}

func TestLoad_AHandlerMaySayItselfWhatAnOutageIs(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	s.store.fails = fmt.Errorf("%w: out", sessions.ErrUnavailable)
	w := s.get(func(w http.ResponseWriter, r *http.Request) {
		_, err := s.Session(r.Context())
		is.True(err != nil)
		w.WriteHeader(http.StatusTeapot)
	}, s.fake())
	is.Equal(w.Code, http.StatusTeapot)
}

// What buffers a response writes a status and an empty body for a handler that wrote nothing.
func TestTrap_AnOutageIsNoEmptyBody(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	s.store.fails = errOut
	asks := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, err := s.Session(r.Context())
		wants.Err(t, err, sessions.ErrUnavailable)
	})
	before := func(next http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			asks(w, r)
			next(w, r)
		}
	}
	for _, h := range []http.HandlerFunc{
		http.TimeoutHandler(asks, time.Minute, "").ServeHTTP,
		before(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(nil) }),
		before(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "") }),
		before(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.Copy(w, http.NoBody) }),
	} {
		w := s.get(h, s.fake())
		is.Equal(w.Code, http.StatusServiceUnavailable)
		is.Equal(w.Body.String(), "Service Unavailable\n")
	}
}

func TestTrap_ASessionThatCannotBeDecodedIsLeftToABinaryThatCan(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	lines := logs(t)
	id := s.stored(t, visitor{})
	rec, err := s.mem.Load(context.Background(), s.handle(t, id))
	is.NoErr(err)
	was := rec.Rev
	rec.Payload, rec.Rev = codec.Opaque("json", []byte(`{"visits":"of another type"}`)), "another"
	is.NoErr(s.mem.Replace(t.Context(), rec, was))
	read := func(w http.ResponseWriter, r *http.Request) { is.True(s.session(t, r).IsNew()) }
	w := s.get(read, id)
	is.Equal(w.Code, http.StatusOK)
	is.Equal(cookie(t, w), nil)
	is.True(strings.Contains(lines.String(), "can't be decoded"))
	is.True(!strings.Contains(lines.String(), id))
	is.True(!strings.Contains(lines.String(), "of another type"))

	w = s.get(s.count(t), id) // a new session would take the place of one that is alive
	is.Equal(w.Code, http.StatusConflict)
	is.Equal(cookie(t, w), nil)
	s.get(func(_ http.ResponseWriter, r *http.Request) {
		s.session(t, r).Data.Visits++
		err := s.Save(r.Context())
		wants.Err(t, err, web.ErrCookieKept)
		wants.Err(t, err, sessions.ErrDecode)
	}, id)
	w = s.get(func(_ http.ResponseWriter, r *http.Request) { is.NoErr(s.Authenticate(r.Context(), "u")) }, id)
	is.True(cookie(t, w) != nil) // a login is a login
	after, err := s.mem.Load(context.Background(), rec.Key)
	is.NoErr(err)
	is.Equal(after.Rev, "another")
}

func (s site) handle(t *testing.T, id string) string {
	t.Helper()
	got, err := s.manager.Load(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return got.Handle()
}

func TestHeader_IsTheOneTransport(t *testing.T) {
	for header, form := range map[string]string{"X-Session": "%s", "Authorization": "Bearer %s"} {
		t.Run(header, func(t *testing.T) {
			is := is.New(t)
			s := newSite(t, &web.Config{Header: header})
			w := s.get(s.count(t))
			is.Equal(len(w.Header().Values("Set-Cookie")), 0)
			var id string
			_, err := fmt.Sscanf(w.Header().Get(header), form, &id)
			is.NoErr(err)
			is.Equal(w.Header().Get("Cache-Control"), "no-store")
			is.Equal(w.Header().Get("Vary"), header)

			r := httptest.NewRequest(http.MethodGet, "/?"+header+"="+id, nil)
			r.AddCookie(&http.Cookie{Name: "__Host-id", Value: id})
			alive := func(want bool, r *http.Request) *httptest.ResponseRecorder {
				w := httptest.NewRecorder()
				s.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { is.Equal(!s.session(t, r).IsNew(), want) })).ServeHTTP(w, r)
				return w
			}
			alive(false, r) // neither a cookie nor a query parameter
			r.Header.Set(header, fmt.Sprintf(form, id))
			is.Equal(alive(true, r).Header().Get(header), "") // nothing new
			r.Header.Set(header, fmt.Sprintf(form, s.fake()))
			is.Equal(len(alive(false, r).Header().Values("Set-Cookie")), 0)
		})
	}
}

func TestHeader_AnotherSchemeIsNotOurs(t *testing.T) {
	is := is.New(t)
	s := newSite(t, &web.Config{Header: "Authorization"})
	id := s.stored(t, visitor{})
	for _, value := range []string{"Basic " + id, id, "Bearer", "Bearer" + id} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Authorization", value)
		s.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { is.True(s.session(t, r).IsNew()) })).ServeHTTP(httptest.NewRecorder(), r)
	}
}

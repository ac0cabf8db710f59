package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions/web"
)

func TestTrap_CachesAreToldWhatTheyMayKeep(t *testing.T) {
	for name, c := range map[string]struct{ was, want string }{
		"nothing":       {"", "no-store"},
		"public":        {"public, max-age=60", "no-store"},
		"stricter":      {"no-store, private", "no-store, private"},
		"no-cache":      {"no-cache", "no-store"},
		"in upper case": {"No-Store", "No-Store"},
		"no-transform":  {"no-cache, no-transform", "no-store, no-transform"},
		"of a stream":   {"No-Transform, max-age=1", "no-store, No-Transform"},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			s := newSite(t, nil)
			set := func(w http.ResponseWriter) {
				if c.was != "" {
					w.Header().Set("Cache-Control", c.was)
				}
			}
			w := s.get(func(w http.ResponseWriter, r *http.Request) { set(w); s.session(t, r).Data.Visits++ })
			is.Equal(w.Header().Get("Cache-Control"), c.want)
			is.Equal(w.Header().Get("Vary"), "Cookie")

			w = s.get(func(w http.ResponseWriter, r *http.Request) { s.session(t, r); set(w) }, cookie(t, w).Value)
			is.Equal(w.Header().Get("Cache-Control"), c.was) // no cookie is set: that is the application's
			is.Equal(w.Header().Get("Vary"), "Cookie")
		})
	}
}

func TestTrap_CachesWithHeadersOfTheirOwnAreToldToo(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	fields := map[string]string{
		"CDN-Cache-Control": "no-store", "Surrogate-Control": "no-store", "Cloudflare-CDN-Cache-Control": "no-store",
		"Edge-Control": "no-store", "X-Accel-Expires": "0",
	}
	set := func(w http.ResponseWriter) {
		for field := range fields {
			w.Header().Set(field, "max-age=600")
		}
	}
	w := s.get(func(w http.ResponseWriter, r *http.Request) { s.session(t, r).Data.Visits++; set(w) })
	for field, want := range fields {
		is.Equal(w.Header().Get(field), want)
	}
	w = s.get(func(w http.ResponseWriter, r *http.Request) { s.session(t, r); set(w) })
	for field := range fields {
		is.Equal(w.Header().Get(field), "max-age=600") // no cookie is set: that is the application's
	}
}

func TestVary_IsSaidOnce(t *testing.T) {
	for was, want := range map[string]string{"Accept": "Accept|Cookie", "accept, cookie": "accept, cookie", "*": "*"} {
		t.Run(was, func(t *testing.T) {
			s := newSite(t, nil)
			w := s.get(func(w http.ResponseWriter, r *http.Request) { s.session(t, r); w.Header().Set("Vary", was) })
			is.New(t).Equal(strings.Join(w.Header().Values("Vary"), "|"), want)
		})
	}
}

func TestTell_LeavesOtherCookiesAlone(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	w := s.get(func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "1"})
		is.NoErr(s.Authenticate(r.Context(), "u"))
		http.SetCookie(w, &http.Cookie{Name: "b", Value: "2"})
		is.NoErr(s.Renew(r.Context()))
	})
	var names []string
	for _, c := range w.Result().Cookies() {
		names = append(names, c.Name)
	}
	is.Equal(names, []string{"a", "b", "__Host-id"})
}

func TestTell_AHandlerThatClearsTheHeaderDoesNotLoseTheCookie(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	w := s.get(func(w http.ResponseWriter, r *http.Request) {
		is.NoErr(s.Authenticate(r.Context(), "u"))
		clear(w.Header())
	})
	is.True(cookie(t, w) != nil)
}

func TestPersistent_EndsWithTheAbsoluteDeadlineAndIn400Days(t *testing.T) {
	is := is.New(t)
	s := newSite(t, &web.Config{Cookie: web.Cookie{Persistent: true}})
	c := cookie(t, s.get(s.count(t)))
	is.Equal(c.MaxAge, 12*3600)

	s.clock.Advance(time.Hour)
	is.Equal(cookie(t, s.get(s.count(t), c.Value)), nil) // nothing about it has changed

	w := s.get(func(_ http.ResponseWriter, r *http.Request) { s.session(t, r).AbsoluteTimeout = 24 * time.Hour }, c.Value)
	is.Equal(cookie(t, w).MaxAge, 23*3600)
	is.True(cookie(t, w).Value != c.Value)
	c = cookie(t, w)

	w = s.get(func(_ http.ResponseWriter, r *http.Request) { s.session(t, r).AbsoluteTimeout = 1000 * 24 * time.Hour }, c.Value)
	is.Equal(cookie(t, w).MaxAge, 34560000)
	c = cookie(t, w)

	w = s.get(func(_ http.ResponseWriter, r *http.Request) { s.session(t, r).AbsoluteTimeout = 2 * time.Hour }, c.Value)
	is.Equal(cookie(t, w), nil) // a cookie may outlive its session

	s.clock.Advance(2 * time.Hour) // the browser may keep it: the server judges
	w = s.get(func(_ http.ResponseWriter, r *http.Request) { is.True(s.session(t, r).IsNew()) }, c.Value)
	is.Equal(cookie(t, w), nil)
}

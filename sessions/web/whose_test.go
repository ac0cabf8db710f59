package web_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/event"
	"github.com/dynasession/dynasession/sessions/web"
)

// Requests that were sent before another request exchanged the ID, and are served afterwards.
func TestTrap_ARequestThatIsSlowerThanARenewalTakesNothingAway(t *testing.T) {
	for name, exchange := range map[string]func(site, *http.Request) error{
		"login":   func(s site, r *http.Request) error { return s.Authenticate(r.Context(), "u") },
		"renewal": func(s site, r *http.Request) error { return s.Renew(r.Context()) },
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			s := newSite(t, nil)
			c := s.client()
			c.do(http.MethodGet, "", func(_ http.ResponseWriter, r *http.Request) { s.session(t, r).Data.Name = "mine" })
			slow := c.copy()
			c.do(http.MethodPost, "", func(_ http.ResponseWriter, r *http.Request) { is.NoErr(exchange(s, r)) })
			after := c.cookies["__Host-id"]
			items := s.mem.Len()

			w := slow.do(http.MethodGet, "", func(w http.ResponseWriter, r *http.Request) { // it reads
				is.True(s.session(t, r).IsNew())
				is.Equal(s.session(t, r).Data, visitor{})
				_, _ = w.Write([]byte("hello"))
			})
			is.Equal(w.Code, http.StatusOK)
			is.Equal(len(w.Header().Values("Set-Cookie")), 0)

			w = slow.do(http.MethodPost, "", s.count(t)) // it changes
			is.Equal(w.Code, http.StatusConflict)
			is.Equal(len(w.Header().Values("Set-Cookie")), 0)

			refused := func(err error) {
				t.Helper()
				wants.Err(t, err, web.ErrCookieKept)
				wants.Err(t, err, sessions.ErrRenewed)
				is.Equal(web.Status(err), http.StatusConflict)
			}
			w = slow.do(http.MethodPost, "", func(w http.ResponseWriter, r *http.Request) { // and is told
				s.session(t, r).Data.Visits++
				refused(s.Save(r.Context()))
				refused(s.Update(r.Context(), func(v *visitor) error { v.Visits++; return nil }))
				refused(s.Renew(r.Context()))
				http.Redirect(w, r, r.URL.Path, http.StatusTemporaryRedirect) // again, with the new cookie
			})
			is.Equal(w.Code, http.StatusTemporaryRedirect)
			is.Equal(len(w.Header().Values("Set-Cookie")), 0)
			is.Equal(s.mem.Len(), items)
			c.take(slow)
			c.cookies["__Host-id"] = after
			_, data := c.seen(t)
			is.Equal(data.Name, "mine")
		})
	}
}

// The browser withholds its cookie from a request of another site.
func TestTrap_ARequestOfAnotherSiteReplacesNothing(t *testing.T) {
	const crossSite = "cross-site"
	for name, c := range map[string]struct {
		sameSite http.SameSite
		method   string
		header   map[string]string
		withheld bool
	}{
		"Lax, POST":                         {0, "POST", map[string]string{"Sec-Fetch-Site": crossSite, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, true},
		"Lax, a link":                       {0, "GET", map[string]string{"Sec-Fetch-Site": crossSite, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, false},
		"Lax, a frame":                      {0, "GET", map[string]string{"Sec-Fetch-Site": crossSite, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}, true},
		"Lax, an image":                     {0, "GET", map[string]string{"Sec-Fetch-Site": crossSite, "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}, true},
		"Lax, fetch":                        {0, "GET", map[string]string{"Sec-Fetch-Site": crossSite, "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}, true},
		"Lax, of a subdomain":               {0, "POST", map[string]string{"Sec-Fetch-Site": "same-site"}, false},
		"Lax, the user's own":               {0, "GET", map[string]string{"Sec-Fetch-Site": "none"}, false},
		"Strict, a link":                    {http.SameSiteStrictMode, "GET", map[string]string{"Sec-Fetch-Site": crossSite, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, true},
		"Strict, of the same origin":        {http.SameSiteStrictMode, "POST", map[string]string{"Sec-Fetch-Site": "same-origin"}, false},
		"None, POST":                        {http.SameSiteNoneMode, "POST", map[string]string{"Sec-Fetch-Site": crossSite}, false},
		"an older browser, POST":            {0, "POST", map[string]string{"Origin": "https://evil.test"}, true},
		"an older browser, of the same":     {0, "POST", map[string]string{"Origin": "https://site.test"}, false},
		"an older browser, of a subdomain":  {0, "POST", map[string]string{"Origin": "https://www.site.test:8443"}, false},
		"an older browser, of nobody knows": {0, "POST", map[string]string{"Origin": "null"}, false},
		"nothing is told":                   {0, "POST", nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			s := newSite(t, &web.Config{Cookie: web.Cookie{SameSite: c.sameSite}})
			from := func(h http.HandlerFunc) *httptest.ResponseRecorder {
				r := httptest.NewRequest(c.method, "https://site.test/", nil)
				for field, value := range c.header {
					r.Header.Set(field, value)
				}
				w := httptest.NewRecorder()
				s.Handler(h).ServeHTTP(w, r)
				return w
			}
			w := from(s.count(t))
			is.Equal(w.Code == http.StatusConflict, c.withheld)
			is.Equal(cookie(t, w) == nil, c.withheld)

			w = from(func(w http.ResponseWriter, r *http.Request) { is.True(s.session(t, r).IsNew()) })
			is.Equal(w.Code, http.StatusOK)
			is.Equal(cookie(t, w), nil)

			from(func(_ http.ResponseWriter, r *http.Request) { // a logout would end nothing, and says so
				is.Equal(errors.Is(s.Destroy(r.Context()), web.ErrCookieKept), c.withheld)
			})
			w = from(func(_ http.ResponseWriter, r *http.Request) { is.NoErr(s.Authenticate(r.Context(), "u")) })
			is.True(cookie(t, w) != nil)
		})
	}
}

// Two live IDs under one name, for example from a parent domain and a subdomain.
func TestTrap_TwoLiveIDsEndInALoginThatHolds(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	logs(t)
	a, b := s.client(), s.client()
	a.login(t, "u")
	b.do(http.MethodGet, "", s.count(t))
	one, two := a.cookies["__Host-id"], b.cookies["__Host-id"]
	w := s.get(s.count(t), one, two) // nothing tells which is whose
	is.Equal(w.Code, http.StatusConflict)
	is.Equal(cookie(t, w), nil)
	is.True(s.alive(t, one) && s.alive(t, two))

	w = s.get(func(_ http.ResponseWriter, r *http.Request) { is.NoErr(s.Authenticate(r.Context(), "u")) }, one, two)
	fresh := cookie(t, w).Value
	is.True(!s.alive(t, one) && !s.alive(t, two))
	for _, ids := range [][]string{{one, fresh}, {fresh, two}} { // whichever the browser has replaced
		s.get(func(_ http.ResponseWriter, r *http.Request) { is.Equal(s.session(t, r).Subject(), "u") }, ids...)
	}
	infos, err := s.manager.Sessions(t.Context(), "u")
	is.NoErr(err)
	is.Equal(len(infos), 1)
}

func TestTrap_ALogoutEndsEveryLiveIDThatWasSent(t *testing.T) {
	for _, loads := range []bool{false, true} {
		is := is.New(t)
		s := newSite(t, nil)
		logs(t)
		one, two := s.stored(t, visitor{}), s.stored(t, visitor{})
		logout := func(want error, ids ...string) *httptest.ResponseRecorder {
			return s.get(func(_ http.ResponseWriter, r *http.Request) {
				if loads {
					s.session(t, r)
				}
				err := s.Destroy(r.Context())
				is.Equal(err != nil, want != nil)
			}, ids...)
		}
		logout(nil, "x", one, "", two)
		is.Equal(s.alive(t, one) || s.alive(t, two), false)
	}
}

func TestTrap_ALogoutThatCanNotEndAllSaysSo(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	logs(t)
	ids := []string{s.fake(), s.fake(), s.fake(), s.fake(), s.stored(t, visitor{})}
	w := s.get(func(w http.ResponseWriter, r *http.Request) {
		is.True(s.Destroy(r.Context()) != nil)
		http.Error(w, "you are still signed in", http.StatusServiceUnavailable)
	}, ids...)
	is.Equal(cookie(t, w), nil)
}

// The request carries an ID that was just renewed: a logout ends the session under its new ID.
func TestTrap_ALogoutBesideARenewalEndsTheSession(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	c := s.client()
	c.login(t, "u")
	slow := c.copy()
	c.do(http.MethodGet, "", func(_ http.ResponseWriter, r *http.Request) { is.NoErr(s.Renew(r.Context())) })
	w := slow.do(http.MethodPost, "", func(_ http.ResponseWriter, r *http.Request) { is.NoErr(s.Destroy(r.Context())) })
	is.True(cookie(t, w).MaxAge < 0)
	is.True(!s.alive(t, c.cookies["__Host-id"]))
}

func TestFormer_IsClearedAndEndedWhereTheCookieIsSetOrDeleted(t *testing.T) {
	is := is.New(t)
	s := newSite(t, &web.Config{Cookie: web.Cookie{Name: "__Secure-id", Former: []web.FormerCookie{{Name: "sid"}, {Path: "/app"}, {Domain: "site.test"}}}})
	was := s.stored(t, visitor{Name: "of before"})
	send := func(h http.HandlerFunc) []string {
		r := httptest.NewRequest(http.MethodPost, "https://www.site.test/", nil)
		r.AddCookie(&http.Cookie{Name: "sid", Value: was})
		w := httptest.NewRecorder()
		s.Handler(h).ServeHTTP(w, r)
		return w.Header().Values("Set-Cookie")
	}
	is.Equal(len(send(func(_ http.ResponseWriter, r *http.Request) { is.True(s.session(t, r).IsNew()) })), 0)
	set := send(func(_ http.ResponseWriter, r *http.Request) { is.NoErr(s.Authenticate(r.Context(), "u")) })
	const gone = "; Expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=0; HttpOnly; Secure; SameSite=Lax"
	is.Equal(set[:3], []string{"sid=; Path=/" + gone, "__Secure-id=; Path=/app" + gone, "__Secure-id=; Path=/; Domain=site.test" + gone})
	is.Equal(len(set), 4)
	is.True(!s.alive(t, was))

	was = s.stored(t, visitor{})
	set = send(func(_ http.ResponseWriter, r *http.Request) { is.NoErr(s.Destroy(r.Context())) })
	is.Equal(len(set), 4)
	is.Equal(set[3], "__Secure-id=; Path=/"+gone)
	is.True(!s.alive(t, was))
}

// A deploy that turns Partitioned on or off leaves browsers with two cookies of one name.
func TestFormer_OfACookieThatWasPartitioned(t *testing.T) {
	const gone = "__Host-id=; Path=/; Expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=0; HttpOnly; Secure; SameSite=None"
	for name, c := range map[string]struct {
		cookie web.Cookie
		want   string
	}{
		"on":  {web.Cookie{Partitioned: true, Former: []web.FormerCookie{{}}}, gone},
		"off": {web.Cookie{Former: []web.FormerCookie{{Partitioned: true}}}, gone + "; Partitioned"},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			c.cookie.SameSite = http.SameSiteNoneMode
			s := newSite(t, &web.Config{Cookie: c.cookie})
			w := s.get(func(_ http.ResponseWriter, r *http.Request) { is.NoErr(s.Authenticate(r.Context(), "u")) })
			lines := w.Header().Values("Set-Cookie")
			is.Equal(len(lines), 2)
			is.Equal(lines[0], c.want) // first, for browsers that don't tell the two apart
			is.Equal(strings.HasSuffix(lines[1], "; Partitioned"), c.cookie.Partitioned)
		})
	}
}

// A request causes at most four events and log lines, one of which says how many more IDs there
// are.
func TestTrap_AFloodOfIDsIsNoFloodOfLines(t *testing.T) {
	var valid []string
	s := newSite(t, nil)
	for range 500 {
		valid = append(valid, s.fake())
	}
	for name, ids := range map[string][]string{"of no form": many(2990), "of the right form": valid, "both": append(many(500), valid...)} {
		for _, header := range []string{"", "Authorization"} {
			t.Run(name+" "+header, func(t *testing.T) {
				is := is.New(t)
				l := logs(t)
				s := newSiteWith(t, &web.Config{Header: header}, &sessions.Config[visitor]{Observer: event.Log(nil)})
				r := request(ids...)
				for _, id := range ids {
					r.Header.Add("Authorization", "Bearer "+id)
				}
				s.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { is.True(s.session(t, r).IsNew()) })).ServeHTTP(httptest.NewRecorder(), r)
				is.Equal(strings.Count(l.String(), "level="), 4)
				is.Equal(strings.Count(l.String(), fmt.Sprint("more=", len(ids)-3)), 1)
			})
		}
	}
}

// A failed Save puts the session aside. A Destroy after it ends the session all the same.
func TestTrap_ALogoutAfterAFailedSaveEndsTheSession(t *testing.T) {
	s := newSiteWith(t, quietly(), &sessions.Config[visitor]{Merge: sessions.NoMerge[visitor]})
	for name, elsewhere := range map[string]func(*sessions.Session[visitor]) error{
		"changed elsewhere": func(x *sessions.Session[visitor]) error { x.Data.Name = "x"; return s.manager.Save(t.Context(), x) },
		"renewed elsewhere": func(x *sessions.Session[visitor]) error { return s.manager.Renew(t.Context(), x) },
		"a login elsewhere": func(x *sessions.Session[visitor]) error { return s.manager.Authenticate(t.Context(), x, "u") },
	} {
		for _, loads := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", loads again: ", loads), func(t *testing.T) {
				is := is.New(t)
				id := s.stored(t, visitor{})
				other, err := s.manager.Load(t.Context(), id)
				is.NoErr(err)
				w := s.get(func(_ http.ResponseWriter, r *http.Request) {
					s.session(t, r).Data.Visits++
					is.NoErr(elsewhere(other))
					is.True(s.Save(r.Context()) != nil)
					if loads {
						s.session(t, r)
					}
					is.NoErr(s.Destroy(r.Context()))
				}, id)
				is.True(cookie(t, w).MaxAge < 0)
				is.True(!s.alive(t, id))
				is.True(!s.alive(t, other.ID().Secret()))
			})
		}
	}
}

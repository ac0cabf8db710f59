package web_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/web"
)

// cookieChanges are what handlers do to a persistent session that changes how long the browser
// keeps the cookie.
var cookieChanges = map[string]func(t testing.TB, s site, r *http.Request) error{
	"forget": func(_ testing.TB, s site, r *http.Request) error { return s.Persist(r.Context(), false) },
	"longer": func(t testing.TB, s site, r *http.Request) error {
		s.session(t, r).AbsoluteTimeout += time.Hour
		return nil
	},
	"Session.Persist": func(t testing.TB, s site, r *http.Request) error {
		s.session(t, r).Persist = false
		return nil
	},
}

// savings are the ways in which such a change is saved.
var savings = map[string]func(s site, r *http.Request) error{
	"by the response": func(site, *http.Request) error { return nil },
	"by Save":         func(s site, r *http.Request) error { return s.Save(r.Context()) },
	"by Update": func(s site, r *http.Request) error {
		return s.Update(r.Context(), func(v *visitor) error { v.Visits++; return nil })
	},
}

// keptSignedIn returns a client that has signed in as "u", with a persistent cookie.
func (s site) keptSignedIn(t *testing.T) *client {
	t.Helper()
	is := is.New(t)
	c := s.client()
	c.do(http.MethodPost, "", func(_ http.ResponseWriter, r *http.Request) {
		is.NoErr(s.Persist(r.Context(), true))
		is.NoErr(s.Authenticate(r.Context(), "u"))
	})
	return c
}

// The browser gets another lifetime of its cookie only with a new ID: a response that comes after
// another request's renewal must not bring the old one back.
func TestTrap_AChangeOfTheCookieThatIsSlowerThanARenewalTakesNothingAway(t *testing.T) {
	for name, change := range cookieChanges {
		for how, save := range savings {
			for _, renewedFirst := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s %s, renewed first: %t", name, how, renewedFirst), func(t *testing.T) {
					is := is.New(t)
					s := newSite(t, quietly())
					c := s.keptSignedIn(t)
					slow := c.copy()
					renew := func() {
						c.do(http.MethodPost, "", func(_ http.ResponseWriter, r *http.Request) { is.NoErr(s.Renew(r.Context())) })
					}
					told := error(nil)
					w := slow.do(http.MethodPost, "", func(_ http.ResponseWriter, r *http.Request) {
						is.NoErr(change(t, s, r))
						if renewedFirst {
							renew()
						}
						told = save(s, r)
					})
					if renewedFirst {
						is.Equal(cookie(t, w), nil)
						if how == "by the response" {
							is.Equal(w.Code, http.StatusConflict)
						} else {
							wants.Err(t, told, sessions.ErrRenewed)
						}
					} else {
						is.NoErr(told)
						is.Equal(w.Code, http.StatusOK)
						is.True(cookie(t, w).Value != c.cookies["__Host-id"])
						is.Equal(cookie(t, w).MaxAge > 0, name == "longer")
						w := c.do(http.MethodPost, "", func(_ http.ResponseWriter, r *http.Request) { // it would replace the cookie
							wants.Err(t, s.Renew(r.Context()), web.ErrCookieKept)
						})
						is.Equal(cookie(t, w), nil)
						c.take(slow)
					}
					subject, _ := c.seen(t)
					is.Equal(subject, "u")
				})
			}
		}
	}
}

// What is persistent changes together with another new ID: there is one exchange.
func TestPersist_CostsNothingBesideANewID(t *testing.T) {
	is := is.New(t)
	login := func(s site, r *http.Request) { is.NoErr(s.Authenticate(r.Context(), "u")) }
	renew := func(s site, r *http.Request) { is.NoErr(s.Renew(r.Context())) }
	keep := func(s site, r *http.Request) { is.NoErr(s.Persist(r.Context(), true)) }
	calls := func(steps ...func(site, *http.Request)) string {
		s := newSite(t, nil)
		c := s.client()
		c.do(http.MethodPost, "", s.count(t))
		s.store.took()
		c.do(http.MethodPost, "", func(_ http.ResponseWriter, r *http.Request) {
			for _, step := range steps {
				step(s, r)
			}
		})
		return s.store.took()
	}
	is.Equal(calls(keep, renew), calls(renew))
	is.Equal(calls(keep), calls(renew))
	is.Equal(calls(keep, keep), calls(renew))
	is.Equal(calls(keep, login), calls(login))
	// Afterwards it is one save, of the session that only this request knows.
	is.Equal(calls(renew, keep), calls(renew)+" Replace")
	is.Equal(calls(login, keep), calls(login)+" Replace")
}

// A client that keeps no cookie learns nothing by a new ID, nor a browser whose cookie stays as it
// is.
func TestPersist_WithoutAChangeOfTheCookieKeepsTheID(t *testing.T) {
	is := is.New(t)
	api := newSite(t, &web.Config{Header: "Authorization", Cookie: web.Cookie{Name: "__Host-id"}})
	id := api.stored(t, visitor{})
	w := recorder()
	r := request()
	r.Header.Set("Authorization", "Bearer "+id)
	api.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { is.NoErr(api.Persist(r.Context(), true)) })).ServeHTTP(w, r)
	is.Equal(w.Header().Get("Authorization"), "")
	is.Equal(cookie(t, w), nil)
	is.True(api.alive(t, id))

	for name, cfg := range map[string]*web.Config{"of all": {Cookie: web.Cookie{Persistent: true}}, "of none": nil} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			s := newSite(t, cfg)
			id := s.stored(t, visitor{})
			w := s.get(func(_ http.ResponseWriter, r *http.Request) {
				is.NoErr(s.Persist(r.Context(), cfg != nil))
				s.session(t, r).IdleTimeout += time.Hour
				if cfg == nil {
					s.session(t, r).AbsoluteTimeout += time.Hour
				} else {
					s.session(t, r).AbsoluteTimeout -= time.Hour // a cookie may outlive its session
				}
			}, id)
			is.Equal(cookie(t, w), nil)
			is.True(s.alive(t, id))
		})
	}
}

// Another request's choice is that one's to tell the browser.
func TestPersist_OfAnotherRequestIsNotToldTwice(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	id := s.stored(t, visitor{})
	for _, save := range savings {
		w := s.get(func(_ http.ResponseWriter, r *http.Request) {
			s.session(t, r).Data.Visits++
			elsewhere, err := s.manager.Load(r.Context(), id)
			is.NoErr(err)
			elsewhere.Persist = !elsewhere.Persist
			is.NoErr(s.manager.Save(r.Context(), elsewhere))
			is.NoErr(save(s, r))
		}, id)
		is.Equal(w.Code, http.StatusOK)
		is.Equal(cookie(t, w), nil)
		is.True(s.alive(t, id))
	}
}

// The page that a handler renders after Persist has a token, and its user's sessions, that are of
// use to the browser when it has the page.
func TestPersist_AndAPageInOneResponse(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	c := s.client()
	c.login(t, "u")
	var token, handle string
	c.do(http.MethodPost, "", func(w http.ResponseWriter, r *http.Request) {
		is.NoErr(s.Persist(r.Context(), true))
		infos, err := s.Sessions(r.Context())
		is.NoErr(err)
		is.True(infos[0].Current)
		handle = infos[0].Handle
		token, err = s.Token(r.Context())
		is.NoErr(err)
		_, _ = w.Write([]byte(token))
	})
	c.do(http.MethodPost, "csrf_token="+token, func(_ http.ResponseWriter, r *http.Request) {
		is.NoErr(s.Verify(r))
		is.NoErr(s.Revoke(r.Context(), handle))
	})
	is.Equal(s.listed(t, "u"), 0)
}

// A session that began in this request stays the browser's when it is loaded again.
func TestTrap_ANewSessionThatIsLoadedAgainKeepsItsCookie(t *testing.T) {
	is := is.New(t)
	s := newSiteWith(t, quietly(), &sessions.Config[visitor]{Merge: sessions.NoMerge[visitor]})
	c := s.client()
	c.do(http.MethodPost, "", func(_ http.ResponseWriter, r *http.Request) {
		mine := s.session(t, r)
		mine.Data.Visits = 1
		is.NoErr(s.Save(r.Context()))
		_, err := s.manager.Update(r.Context(), mine.ID().Secret(), func(v *visitor) error { v.Visits++; return nil })
		is.NoErr(err)
		mine.Data.Name = "too late"
		wants.Err(t, s.Save(r.Context()), sessions.ErrConflict)
		is.Equal(s.session(t, r).Data.Visits, 2)
	})
	_, data := c.seen(t)
	is.Equal(data.Visits, 2)
}

// The store fails while a change of the cookie is saved: the browser keeps the session.
func TestPersist_DuringAnOutage(t *testing.T) {
	is := is.New(t)
	for _, call := range strings.Fields("Create End") {
		s := newSite(t, quietly())
		c := s.client()
		c.do(http.MethodPost, "", s.count(t))
		s.store.fails, s.store.on = errOut, call
		w := c.do(http.MethodPost, "", func(_ http.ResponseWriter, r *http.Request) { is.NoErr(s.Persist(r.Context(), true)) })
		is.Equal(w.Code, http.StatusServiceUnavailable)
		is.Equal(cookie(t, w), nil)
		s.store.fails = nil
		_, data := c.seen(t)
		is.Equal(data.Visits, 1)
	}
}

// After a save that failed, a form or a list of devices on the error page saves nothing either.
func TestPersist_APageAfterAFailedSave(t *testing.T) {
	is := is.New(t)
	s := newSite(t, quietly())
	c := s.keptSignedIn(t)
	w := c.do(http.MethodPost, "", func(_ http.ResponseWriter, r *http.Request) {
		is.NoErr(s.Persist(r.Context(), false))
		s.store.fails, s.store.on = errOut, "Create"
		wants.Err(t, s.Save(r.Context()), sessions.ErrUnavailable)
		s.store.fails = nil
		s.store.took()
		_, err := s.Token(r.Context())
		is.NoErr(err)
		is.Equal(s.store.took(), "")
		infos, err := s.Sessions(r.Context())
		is.NoErr(err)
		is.Equal(len(infos), 1)
	})
	is.Equal(cookie(t, w), nil)
	subject, _ := c.seen(t)
	is.Equal(subject, "u")
}

// A client that has hung up, as at a double click, gets no new ID: it keeps the one that it has.
// What it has chosen is told when it asks again.
func TestTrap_AChangeOfTheCookieForAClientThatHasHungUp(t *testing.T) {
	for name, change := range cookieChanges {
		for how, save := range savings {
			t.Run(name+" "+how, func(t *testing.T) {
				is := is.New(t)
				s := newSite(t, quietly())
				c := s.keptSignedIn(t)
				first := c.copy()
				r := first.request(http.MethodPost, "")
				gone, hangUp := context.WithCancel(r.Context())
				w := first.serve(s.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					s.session(t, r).Data.Name = "saved"
					is.NoErr(change(t, s, r))
					hangUp()
					is.NoErr(save(s, r))
				})), r.WithContext(gone))
				is.Equal(cookie(t, w), nil)
				subject, data := c.seen(t)
				is.Equal(subject, "u")
				is.Equal(data.Name, "saved")
				if name == "longer" {
					return
				}
				w = c.do(http.MethodPost, "", func(_ http.ResponseWriter, r *http.Request) { is.NoErr(change(t, s, r)) })
				is.Equal(cookie(t, w).MaxAge, 0)
				subject, _ = c.seen(t)
				is.Equal(subject, "u")
			})
		}
	}
}

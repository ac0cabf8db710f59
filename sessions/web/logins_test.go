package web_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/memstore"
	"github.com/dynasession/dynasession/sessions/web"
)

// listed returns how many sessions the user has.
func (s site) listed(t testing.TB, subject string) int {
	t.Helper()
	infos, err := s.manager.Sessions(t.Context(), subject)
	if err != nil {
		t.Fatal(err)
	}
	return len(infos)
}

// signIn is a login handler like those of applications.
func (s site) signIn(t testing.TB, name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if _, err := s.Session(r.Context()); err != nil {
			t.Error(err)
		}
		if err := s.Authenticate(r.Context(), name); err != nil {
			t.Errorf("the password was right: %v", err)
		}
		http.Redirect(w, r, "/", http.StatusSeeOther)
	}
}

func TestTrap_ADoubleClickOnTheLoginSignsInOnce(t *testing.T) {
	for name, limit := range map[string]sessions.SubjectLimit{"": {}, ", of one session each": {Max: 1}} {
		for _, before := range []string{"a form", "a basket", "a dead ID", "a planted one"} {
			t.Run(before+name, func(t *testing.T) {
				is := is.New(t)
				s := newSiteWith(t, nil, &sessions.Config[visitor]{SubjectLimit: limit})
				c := s.client()
				basket := visitor{}
				switch before {
				case "a basket":
					c.do(http.MethodPost, "", s.count(t))
					basket.Visits = 1
				case "a dead ID":
					c.do(http.MethodPost, "", s.count(t))
					s.clock.Advance(24 * time.Hour) // the page is open since yesterday
				case "a planted one":
					c.cookies["__Host-id"] = s.fake()
				}
				c.page(t) // with the login's form
				second := c.copy()
				c.do(http.MethodPost, "", s.signIn(t, "u"))
				second.do(http.MethodPost, "", s.signIn(t, "u"))
				c.take(second)
				subject, data := c.seen(t)
				is.Equal(subject, "u")
				is.Equal(data, basket)
				is.Equal(s.listed(t, "u"), 1) // no orphan
			})
		}
	}
}

// Both clicks have loaded the session before either signs in.
func TestTrap_TwoLoginsThatOvertakeEachOther(t *testing.T) {
	for _, second := range []string{"u", "another"} {
		t.Run(second, func(t *testing.T) {
			is := is.New(t)
			s := newSite(t, nil)
			c := s.client()
			c.do(http.MethodPost, "", s.count(t))
			slow := c.copy()
			slow.do(http.MethodPost, "", func(w http.ResponseWriter, r *http.Request) {
				is.Equal(s.session(t, r).Data.Visits, 1)
				c.do(http.MethodPost, "", func(w http.ResponseWriter, r *http.Request) {
					s.session(t, r).Data.Name = "of the first"
					is.NoErr(s.Authenticate(r.Context(), "u"))
				})
				s.signIn(t, second)(w, r)
			})
			c.take(slow)
			subject, data := c.seen(t)
			is.Equal(subject, second)
			is.Equal(s.listed(t, second), 1)
			if second == "u" {
				is.Equal(data, visitor{Name: "of the first", Visits: 1})
			} else {
				is.Equal(s.listed(t, "u"), 0) // the last login holds
				is.Equal(data, visitor{})     // and nobody gets the other's data
			}
		})
	}
}

func TestTrap_AnotherUsersLoginInTheSameBrowserGetsNothingOfTheFirst(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	c := s.client()
	c.do(http.MethodPost, "", func(_ http.ResponseWriter, r *http.Request) {
		got := s.session(t, r)
		got.Data = visitor{Name: "alice's", Visits: 3}
		got.AbsoluteTimeout, got.Device.Name = 90*24*time.Hour, "alice's laptop"
		is.NoErr(s.Persist(r.Context(), true))
		is.NoErr(s.Authenticate(r.Context(), "alice"))
	})
	alices := c.cookies["__Host-id"]
	w := c.do(http.MethodPost, "", func(_ http.ResponseWriter, r *http.Request) {
		got := s.session(t, r)
		got.Data.Visits++ // what this handler has set is bob's
		is.NoErr(s.Authenticate(r.Context(), "bob"))
		is.True(s.session(t, r) == got)
		is.Equal(got.Data, visitor{Visits: 4})
		is.Equal(got.Persist, false)
		is.Equal(got.AbsoluteTimeout, 12*time.Hour)
		is.Equal(got.Device, sessions.Device{})
	})
	is.Equal(cookie(t, w).MaxAge, 0)
	is.True(!s.alive(t, alices))
	is.Equal(s.listed(t, "alice"), 0)

	c.do(http.MethodPost, "", func(_ http.ResponseWriter, r *http.Request) { // again, the same one
		is.NoErr(s.Authenticate(r.Context(), "bob"))
	})
	subject, data := c.seen(t)
	is.Equal(subject, "bob")
	is.Equal(data, visitor{Visits: 4})
	is.Equal(s.listed(t, "bob"), 1)
}

func TestTrap_ALoginOverASessionThatEndedMeanwhile(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	c := s.client()
	c.do(http.MethodPost, "", func(_ http.ResponseWriter, r *http.Request) { s.session(t, r).Data.Name = "private" })
	id := c.cookies["__Host-id"]
	c.do(http.MethodPost, "", func(_ http.ResponseWriter, r *http.Request) {
		s.session(t, r).Data.Visits = 5
		is.NoErr(s.manager.DestroyID(t.Context(), id)) // in another tab
		is.NoErr(s.Authenticate(r.Context(), "u"))
	})
	subject, data := c.seen(t)
	is.Equal(subject, "u")
	is.Equal(data, visitor{Visits: 5}) // what has ended stays ended
}

func TestTrap_ALoginBesideAChangeThatCanNotBeMerged(t *testing.T) {
	is := is.New(t)
	s := newSiteWith(t, nil, &sessions.Config[visitor]{Merge: sessions.NoMerge[visitor]})
	c := s.client()
	c.do(http.MethodPost, "", s.count(t))
	id := c.cookies["__Host-id"]
	c.do(http.MethodPost, "", func(_ http.ResponseWriter, r *http.Request) {
		s.session(t, r).Data.Visits = 5
		_, err := s.manager.Update(t.Context(), id, func(v *visitor) error { v.Name, v.Visits = "of the other", 9; return nil })
		is.NoErr(err)
		is.NoErr(s.Authenticate(r.Context(), "u"))
	})
	subject, data := c.seen(t)
	is.Equal(subject, "u")
	is.Equal(data, visitor{Name: "of the other", Visits: 5})
	is.True(!s.alive(t, id))
}

func TestAuthenticate_WhatItRefusesChangesNothing(t *testing.T) {
	is := is.New(t)
	s := newSiteWith(t, nil, &sessions.Config[visitor]{SubjectLimit: sessions.SubjectLimit{Max: 1}})
	other, c := s.client(), s.client()
	other.login(t, "bob")
	c.login(t, "alice")
	id := c.cookies["__Host-id"]
	c.do(http.MethodPost, "", func(_ http.ResponseWriter, r *http.Request) {
		s.session(t, r).Data.Name = "n"
		err := s.Authenticate(r.Context(), "bob")
		wants.Err(t, err, sessions.ErrLimit)
		is.Equal(web.Status(err), http.StatusConflict)
		is.Equal(s.session(t, r).Subject(), "alice")
		is.Equal(s.session(t, r).Data.Name, "n")
	})
	is.Equal(c.cookies["__Host-id"], id)
	is.Equal(s.data(t, id).Name, "n") // and what the handler has changed is saved
}

func TestPersist_IsOneSessionsAndStays(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	c := s.client()
	const month = 30 * 24 * time.Hour
	w := c.do(http.MethodPost, "", func(_ http.ResponseWriter, r *http.Request) {
		got := s.session(t, r)
		got.IdleTimeout, got.AbsoluteTimeout = month, month
		is.NoErr(s.Persist(r.Context(), true))
		is.NoErr(s.Authenticate(r.Context(), "u"))
	})
	is.Equal(cookie(t, w).MaxAge, int(month/time.Second))
	is.Equal(cookie(t, s.client().login(t, "another")).MaxAge, 0) // not everybody's

	s.clock.Advance(24 * time.Hour)
	is.Equal(cookie(t, c.do(http.MethodGet, "", func(_ http.ResponseWriter, r *http.Request) { s.session(t, r) })), nil)
	w = c.do(http.MethodPost, "", func(_ http.ResponseWriter, r *http.Request) { is.NoErr(s.Renew(r.Context())) })
	is.Equal(cookie(t, w).MaxAge, int((month-24*time.Hour)/time.Second))
	w = c.login(t, "u")
	is.Equal(cookie(t, w).MaxAge, int(month/time.Second))

	w = c.do(http.MethodPost, "", func(_ http.ResponseWriter, r *http.Request) { is.NoErr(s.Persist(r.Context(), false)) })
	is.Equal(cookie(t, w).MaxAge, 0)
	c.do(http.MethodGet, "", func(_ http.ResponseWriter, r *http.Request) { is.Equal(s.session(t, r).Persist, false) })
	c.do(http.MethodGet, "", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		wants.Err(t, s.Persist(r.Context(), true), web.ErrCommitted)
	})
}

func TestTrap_ALoginWhoseClientHasHungUpHolds(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	hungUp, hangUp := context.WithCancel(t.Context())
	hangUp()
	w := httptest.NewRecorder()
	s.Handler(s.signIn(t, "u")).ServeHTTP(w, request().WithContext(hungUp))
	is.True(cookie(t, w) != nil)
}

func TestOverlay(t *testing.T) {
	type inner struct {
		A, B int
	}
	type data struct {
		Name  string
		Inner inner
		When  time.Time
		M     map[string]any
		L     []int
		P, Q  *inner
	}
	day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	from := data{"alice", inner{1, 2}, day, map[string]any{"a": 1, "gone": 1, "m": map[string]any{"x": 1, "y": 2}}, []int{1}, &inner{1, 1}, &inner{1, 1}}
	to := data{"alice", inner{1, 3}, day, map[string]any{"a": 1, "new": 2, "m": map[string]any{"x": 1, "y": 3}}, []int{1, 2}, &inner{1, 1}, &inner{1, 2}}
	for _, c := range []struct{ base, want data }{
		{data{}, data{Inner: inner{B: 3}, M: map[string]any{"new": 2, "m": map[string]any{"y": 3}}, L: []int{1, 2}, Q: &inner{B: 2}}},
		{
			data{"bob", inner{7, 8}, day, map[string]any{"a": 5, "gone": 6}, []int{9}, nil, &inner{7, 8}},
			data{"bob", inner{7, 3}, day, map[string]any{"a": 5, "new": 2, "m": map[string]any{"y": 3}}, []int{1, 2}, nil, &inner{7, 2}},
		},
	} {
		got := web.Overlay(reflect.ValueOf(from), reflect.ValueOf(to), reflect.ValueOf(c.base)).Interface()
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("got  %s\nwant %s", fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", c.want))
		}
	}
}

// Two requests sign in concurrently. Whichever response the browser gets last, it is signed in, and
// the user has one session.
func TestTrap_TwoLoginsAtTheSameMoment(t *testing.T) {
	for name, limit := range map[string]sessions.SubjectLimit{"": {}, ", of one session each": {Max: 1}} {
		for _, before := range []string{"a form", "a basket", "a dead ID"} {
			for _, last := range []string{"first", "second"} {
				t.Run(before+name+", "+last+" answer last", func(t *testing.T) {
					is := is.New(t)
					s := newSiteWith(t, nil, &sessions.Config[visitor]{SubjectLimit: limit})
					c := s.client()
					basket := visitor{}
					switch before {
					case "a basket":
						c.do(http.MethodPost, "", s.count(t))
						basket.Visits = 1
					case "a dead ID":
						c.do(http.MethodPost, "", s.count(t))
						s.clock.Advance(24 * time.Hour)
					}
					c.page(t)
					first, second := c.copy(), c.copy()
					once := false
					s.store.hook = func(_ context.Context, call string) {
						if call == "Create" && !once {
							once = true
							second.do(http.MethodPost, "", func(w http.ResponseWriter, r *http.Request) {
								s.session(t, r).Data.Name = "of the second"
								s.signIn(t, "u")(w, r)
							})
						}
					}
					first.do(http.MethodPost, "", s.signIn(t, "u"))
					is.True(once)
					if last == "first" {
						c.take(second)
						c.take(first)
					} else {
						c.take(first)
						c.take(second)
					}
					subject, data := c.seen(t)
					is.Equal(subject, "u")
					basket.Name = "of the second"
					is.Equal(data, basket)
					is.Equal(s.listed(t, "u"), 1)
				})
			}
		}
	}
}

// With a concurrent login of another user, the browser has the session of one of them, and the
// other has none left.
func TestTrap_TwoUsersLoginsAtTheSameMoment(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	c := s.client()
	c.page(t)
	first, second := c.copy(), c.copy()
	once := false
	s.store.hook = func(_ context.Context, call string) {
		if call == "Create" && !once {
			once = true
			second.do(http.MethodPost, "", s.signIn(t, "bob"))
		}
	}
	first.do(http.MethodPost, "", s.signIn(t, "alice"))
	c.take(second)
	c.take(first)
	subject, _ := c.seen(t)
	is.Equal(subject, "alice")
	is.Equal(s.listed(t, "alice"), 1)
	is.Equal(s.listed(t, "bob"), 0)
}

// A request that carries the first login's ID makes a new login.
func TestAuthenticate_AgainWithinAMinuteIsANewLogin(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	c := s.client()
	c.page(t)
	c.login(t, "u")
	was := c.cookies["__Host-id"]
	s.clock.Advance(30 * time.Second)
	c.do(http.MethodPost, "", func(_ http.ResponseWriter, r *http.Request) {
		is.NoErr(s.Authenticate(r.Context(), "u"))
		is.Equal(s.session(t, r).CreatedAt(), s.clock.Now().UTC())
	})
	is.True(c.cookies["__Host-id"] != was)
	is.Equal(s.listed(t, "u"), 1)

	c.do(http.MethodPost, "", func(_ http.ResponseWriter, r *http.Request) { is.NoErr(s.Destroy(r.Context())) })
	c.login(t, "u") // after a logout too
	subject, _ := c.seen(t)
	is.Equal(subject, "u")
	is.Equal(s.listed(t, "u"), 1)
}

// Two processes each serve one click. If the visitor had a session, none is left over. If not, one
// is left that no browser holds, until it idles out.
func TestTrap_ADoubleClickAcrossTwoProcesses(t *testing.T) {
	for before, want := range map[string]int{"a session": 1, "a session, of one at most": 1, "none": 2} {
		t.Run(before, func(t *testing.T) {
			is := is.New(t)
			limit := sessions.SubjectLimit{}
			if strings.HasSuffix(before, "one at most") {
				limit.Max = 1
			}
			s := newSiteWith(t, nil, &sessions.Config[visitor]{SubjectLimit: limit})
			other := s
			var err error
			other.Middleware, err = web.New(s.manager, nil)
			is.NoErr(err)
			c := s.client()
			if before != "none" {
				c.do(http.MethodGet, "", func(_ http.ResponseWriter, r *http.Request) { is.NoErr(s.Save(r.Context())) }) // as docs/web.md has it
			}
			c.page(t)
			first, second := c.copy(), c.copy()
			second.site = other
			first.do(http.MethodPost, "", s.signIn(t, "u"))
			second.do(http.MethodPost, "", other.signIn(t, "u"))
			c.take(first)
			c.take(second)
			subject, _ := c.seen(t)
			is.Equal(subject, "u")
			is.Equal(s.listed(t, "u"), want)
		})
	}
}

// A cookie of our name that another application has set may have the same value in every browser.
func TestTrap_TheSameForeignCookieInTwoBrowsersJoinsNothing(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	alice, bob, again := s.client(), s.client(), s.client()
	for _, c := range []*client{alice, bob, again} {
		c.cookies["__Host-id"] = "dark-mode"
	}
	alice.login(t, "alice")
	bob.login(t, "bob")
	again.login(t, "alice")
	for _, c := range []*client{alice, again} {
		subject, _ := c.seen(t)
		is.Equal(subject, "alice")
	}
	is.True(alice.cookies["__Host-id"] != again.cookies["__Host-id"])
	is.Equal(s.listed(t, "alice"), 2)
}

// contact is embedded under its unexported name: encoders see its fields.
type contact struct{ Email, Phone string }

// Whatever a handler has changed in another user's data, the login gets only that.
func TestTrap_AnotherUsersLoginGetsNothingBesideWhatTheHandlerHasSet(t *testing.T) {
	type profile struct{ Email, Theme string }
	type data struct {
		contact
		cached   string
		Profile  *profile
		Profiles map[string]*profile
		Seen     []string
		Newest   []string
		Nonce    []byte
		Any      any
	}
	is := is.New(t)
	m, err := sessions.New[data](memstore.New(nil), nil)
	is.NoErr(err)
	sess, err := web.New(m, nil)
	is.NoErr(err)
	alices := m.Create()
	const hers = "alice@site.test"
	alices.Data = data{
		contact: contact{Email: hers}, Profile: &profile{Email: hers}, Profiles: map[string]*profile{"work": {Email: hers}},
		Seen: []string{hers}, Newest: []string{hers}, Nonce: []byte(hers), Any: []any{hers},
	}
	is.NoErr(m.Authenticate(t.Context(), alices, "alice"))
	w := recorder()
	sess.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		s, err := sess.Session(r.Context())
		is.NoErr(err)
		is.Equal(s.Data.Email, hers)
		s.Data.Phone, s.Data.cached = "1", "c"
		s.Data.Profile.Theme, s.Data.Profiles["work"].Theme = "dark", "light"
		s.Data.Seen, s.Data.Newest = append(s.Data.Seen, "login"), append([]string{"login"}, s.Data.Newest...)
		s.Data.Nonce, s.Data.Any = []byte("n"), append(s.Data.Any.([]any), "login")
		is.NoErr(sess.Authenticate(r.Context(), "bob"))
	})).ServeHTTP(w, request(alices.ID().Secret()))
	bobs, err := m.Load(t.Context(), cookie(t, w).Value)
	is.NoErr(err)
	is.Equal(bobs.Subject(), "bob")
	is.Equal(bobs.Data, data{
		contact: contact{Phone: "1"}, Profile: &profile{Theme: "dark"}, Profiles: map[string]*profile{"work": {Theme: "light"}},
		Seen: []string{"login"}, Newest: []string{"login"}, Nonce: []byte("n"), Any: []any{"login"},
	})
}

// The second login finds the first in memory, under an ID that was renewed to its own.
func TestTrap_ALoginAfterARenewalOfARecentLoginHolds(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	c := s.client()
	c.page(t) // with the login's form
	c.login(t, "u")
	for range 3 {
		c.do(http.MethodPost, "", func(_ http.ResponseWriter, r *http.Request) { is.NoErr(s.Renew(r.Context())) })
		c.login(t, "u") // to confirm a payment, say
		subject, _ := c.seen(t)
		is.Equal(subject, "u")
		is.Equal(s.listed(t, "u"), 1)
	}
}

// The login of another user may or may not have succeeded. Until that is resolved, the browser
// keeps the session that it has; the next attempt ends it.
func TestTrap_ALoginInDoubtReplacesNoOtherUsersSession(t *testing.T) {
	is := is.New(t)
	s := newSiteOver(t, quietly())
	u := s.store.Store.(*unsteady)
	c := s.client()
	c.login(t, "alice")
	before := c.cookies["__Host-id"]
	lost := func() {
		u.n, u.after = 0, map[int]bool{}
		for n := range 40 {
			u.after[n] = true
		}
		u.after[1], u.after[2] = false, false // the session's and the list's read
	}
	w := c.do(http.MethodPost, "", func(w http.ResponseWriter, r *http.Request) {
		s.session(t, r).Data.Name = "of the login"
		lost()
		err := s.Authenticate(r.Context(), "bob")
		u.after = nil
		wants.Err(t, err, sessions.ErrOutcomeUnknown)
		wants.Err(t, s.Save(r.Context()), web.ErrCookieKept)
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	is.Equal(cookie(t, w), nil)
	subject, _ := c.seen(t)
	is.Equal(subject, "alice")

	c.do(http.MethodPost, "", func(_ http.ResponseWriter, r *http.Request) {
		s.session(t, r).Data.Name = "of the login"
		lost()
		wants.Err(t, s.Authenticate(r.Context(), "carol"), sessions.ErrOutcomeUnknown)
		u.after = nil
		is.NoErr(s.Authenticate(r.Context(), "carol"))
	})
	subject, data := c.seen(t)
	is.Equal(subject, "carol")
	is.Equal(data.Name, "of the login")
	is.True(!s.alive(t, before))
	is.Equal(s.listed(t, "carol"), 1)
}

// A login joins another of the last minute, which began without this request's session.
func TestTrap_ALoginThatJoinsAnotherBringsItsOwnData(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	c := s.client()
	c.page(t) // with the login's form
	slow := c.copy()
	c.login(t, "u")
	slow.do(http.MethodPost, "", func(_ http.ResponseWriter, r *http.Request) { s.session(t, r).Data.Name = "slow" })
	c.take(slow) // a visitor's session has taken the login's place
	c.login(t, "u")
	subject, data := c.seen(t)
	is.Equal(subject, "u")
	is.Equal(data.Name, "slow")
	is.Equal(s.listed(t, "u"), 1)
}

// The second of two logins at the same moment comes from another session of the identity
// provider's, or from one at all: a logout there ends what the browser has.
func TestTrap_TwoLoginsOfDifferentFederatedSessions(t *testing.T) {
	for name, sids := range map[string][2]string{"two": {"iss a", "iss b"}, "after a password": {"", "iss b"}} {
		for limited, limit := range map[string]sessions.SubjectLimit{"": {}, ", of one session each": {Max: 1}} {
			t.Run(name+limited, func(t *testing.T) {
				is := is.New(t)
				s := newSiteWith(t, quietly(), &sessions.Config[visitor]{SubjectLimit: limit})
				browser := s.client()
				browser.do(http.MethodPost, "", s.count(t))
				tabs := [2]*client{browser.copy(), browser.copy()}
				for i, c := range tabs {
					c.do(http.MethodPost, "", func(_ http.ResponseWriter, r *http.Request) {
						s.session(t, r).Federated = sids[i]
						is.NoErr(s.Authenticate(r.Context(), "u"))
					})
				}
				browser.take(tabs[0])
				browser.take(tabs[1])
				subject, data := browser.seen(t)
				is.Equal(subject, "u")
				is.Equal(data.Visits, 1)
				is.Equal(s.listed(t, "u"), 1)
				n, err := s.manager.RevokeFederated(t.Context(), "iss b")
				is.NoErr(err)
				is.Equal(n, 1)
				subject, _ = browser.seen(t)
				is.Equal(subject, "")
			})
		}
	}
}

// An administrator acts as one user after another: who he is stays noted.
func TestAuthenticate_AfterADestroyKeepsAllThatTheHandlerHasSet(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	c := s.client()
	c.login(t, "admin")
	for _, user := range []string{"u", "another", "another"} {
		w := c.do(http.MethodPost, "", func(_ http.ResponseWriter, r *http.Request) {
			is.NoErr(s.Destroy(r.Context()))
			s.session(t, r).Data.Name = "admin"
			is.NoErr(s.Authenticate(r.Context(), user))
		})
		is.True(cookie(t, w) != nil)
		subject, data := c.seen(t)
		is.Equal(subject, user)
		is.Equal(data.Name, "admin")
	}
	is.Equal([]int{s.listed(t, "admin"), s.listed(t, "u"), s.listed(t, "another")}, []int{0, 0, 1})
}

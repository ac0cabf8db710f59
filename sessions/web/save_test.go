package web_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/event"
	"github.com/dynasession/dynasession/sessions/memstore"
	"github.com/dynasession/dynasession/sessions/web"
)

func TestUpdate_OfEveryKindOfVisitor(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	c := s.client()
	add := func(v *visitor) error { v.Visits++; return nil }
	c.do(http.MethodPost, "", func(_ http.ResponseWriter, r *http.Request) {
		is.NoErr(s.Update(r.Context(), add))
		is.Equal(s.session(t, r).Data.Visits, 1)
	})
	is.Equal(s.store.took(), "Create")
	c.do(http.MethodPost, "", func(w http.ResponseWriter, r *http.Request) {
		got := s.session(t, r)
		got.Data.Name = "changed before"
		is.NoErr(s.Update(r.Context(), add))
		is.True(got == s.session(t, r))
		is.Equal(got.Data, visitor{Name: "changed before", Visits: 2})
		got.Data.Name = "and after"
	})
	is.Equal(s.data(t, c.cookies["__Host-id"]), visitor{Name: "and after", Visits: 2})

	items := s.mem.Len()
	own := errors.New("own")
	w := s.get(func(_ http.ResponseWriter, r *http.Request) {
		is.NoErr(s.Update(r.Context(), func(*visitor) error { return nil })) // nothing worth storing
		is.Equal(s.Update(r.Context(), func(*visitor) error { return own }), own)
	})
	is.Equal(s.mem.Len(), items)
	is.Equal(cookie(t, w), nil)
	s.get(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		wants.Err(t, s.Update(r.Context(), add), web.ErrCommitted)
	})
	is.Equal(s.mem.Len(), items)
}

func TestUpdate_LosesNoneOfManyAtOnce(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	id := s.stored(t, visitor{})
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			s.get(func(_ http.ResponseWriter, r *http.Request) {
				if err := s.Update(r.Context(), func(v *visitor) error { v.Visits++; return nil }); err != nil {
					t.Error(err)
				}
			}, id)
		})
	}
	all.Wait()
	is.Equal(s.data(t, id).Visits, 20)
}

// A call that has lost against another request leaves no session in hand that has ended meanwhile,
// or that can't be saved any more.
func TestSession_AfterACallThatHasLost(t *testing.T) {
	others := map[string]func(ctx context.Context, s site, theirs *sessions.Session[visitor]) error{
		"ended": func(ctx context.Context, s site, _ *sessions.Session[visitor]) error {
			_, err := s.manager.RevokeAll(ctx, "ann")
			return err
		},
		"changed": func(ctx context.Context, s site, theirs *sessions.Session[visitor]) error {
			theirs.Data.Name = "theirs"
			return s.manager.Save(ctx, theirs)
		},
	}
	for call, do := range map[string]func(s site, ctx context.Context) error{
		"Save":  func(s site, ctx context.Context) error { return s.Save(ctx) },
		"Renew": func(s site, ctx context.Context) error { return s.Renew(ctx) },
		"Update": func(s site, ctx context.Context) error {
			return s.Update(ctx, func(v *visitor) error { v.Visits++; return nil })
		},
		"Token": func(s site, ctx context.Context) error {
			return errors.Join(s.Persist(ctx, true), func() error { _, err := s.Token(ctx); return err }())
		},
	} {
		for how, other := range others {
			t.Run(call+", "+how, func(t *testing.T) {
				is := is.New(t)
				s := newSite(t, nil)
				c := s.client()
				c.login(t, "ann")
				w := c.do(http.MethodPost, "", func(_ http.ResponseWriter, r *http.Request) {
					theirs, err := s.manager.Load(t.Context(), c.cookies["__Host-id"])
					is.NoErr(err)
					s.session(t, r).Data.Name = "ours"
					is.NoErr(other(t.Context(), s, theirs))
					err = do(s, r.Context())
					is.Equal(web.Status(err), http.StatusConflict)
					got := s.session(t, r)
					is.Equal(got.Subject() == "ann", how == "changed")
					is.Equal(got.Data.Name == "theirs", how == "changed")
					got.Data.Name = "please try again"
				})
				is.Equal(w.Code, http.StatusOK)
				_, data := c.seen(t)
				is.Equal(data.Name, "please try again")
			})
		}
	}
}

func TestUpdate_OfASessionThatHasEndedLeavesAVisitor(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	c := s.client()
	c.login(t, "ann")
	c.do(http.MethodPost, "", func(_ http.ResponseWriter, r *http.Request) {
		is.Equal(s.session(t, r).Subject(), "ann")
		_, err := s.manager.RevokeAll(t.Context(), "ann")
		is.NoErr(err)
		wants.Err(t, s.Update(r.Context(), func(v *visitor) error { v.Visits++; return nil }), sessions.ErrNotFound)
		is.Equal(s.session(t, r).Subject(), "")
	})
}

func TestDiscard_ForgetsWhatWasChanged(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	id := s.stored(t, visitor{Name: "n"})
	s.get(func(_ http.ResponseWriter, r *http.Request) {
		is.NoErr(s.Discard(r.Context())) // before anything was loaded
		got := s.session(t, r)
		got.Data = visitor{Visits: 9}
		is.NoErr(s.Discard(r.Context()))
		is.Equal(got.Data, visitor{Name: "n"})
		got.Data.Visits = 1
	}, id)
	is.Equal(s.data(t, id), visitor{Name: "n", Visits: 1})
}

func TestSession_OfAMapIsUsable(t *testing.T) {
	is := is.New(t)
	m, err := sessions.New[map[string]any](memstore.New(nil), nil)
	is.NoErr(err)
	sess, err := web.New(m, nil)
	is.NoErr(err)
	serve := func(h http.HandlerFunc) *http.Cookie {
		w := recorder()
		sess.Handler(h).ServeHTTP(w, request())
		return cookie(t, w)
	}
	is.Equal(serve(func(_ http.ResponseWriter, r *http.Request) {
		got, err := sess.Session(r.Context())
		is.NoErr(err)
		is.Equal(len(got.Data), 0)
	}), nil) // an empty one isn't stored
	is.True(serve(func(_ http.ResponseWriter, r *http.Request) {
		got, err := sess.Session(r.Context())
		is.NoErr(err)
		got.Data["a"] = 1
	}) != nil)
	empty, err := m.CreateAndSave(t.Context(), nil)
	is.NoErr(err)
	w := recorder()
	sess.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got, err := sess.Session(r.Context())
		is.NoErr(err)
		is.True(!got.IsNew())
		got.Data["a"] = 1
	})).ServeHTTP(w, request(empty.ID().Secret()))
	again, err := m.Load(t.Context(), empty.ID().Secret())
	is.NoErr(err)
	is.Equal(len(again.Data), 1)
}

// A page encodes T once at most if it reads, and twice if it changes something.
func TestCommit_EncodesOnce(t *testing.T) {
	is := is.New(t)
	m, err := sessions.New[[]counted](memstore.New(nil), nil)
	is.NoErr(err)
	sess, err := web.New(m, nil)
	is.NoErr(err)
	created, err := m.CreateAndSave(t.Context(), []counted{{}})
	is.NoErr(err)
	for change, most := range map[bool]int32{false: 1, true: 2} {
		w := recorder()
		sess.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			got, err := sess.Session(r.Context())
			is.NoErr(err)
			if change {
				got.Data = []counted{{A: 1}}
			}
			encodings.Store(0)
			_, _ = w.Write([]byte("hello"))
		})).ServeHTTP(w, request(created.ID().Secret()))
		is.Equal(w.Code, http.StatusOK)
		if n := encodings.Load(); n > most {
			t.Errorf("change %v: encoded %d times, want at most %d", change, n, most)
		}
	}
}

// encodings counts how often a counted is encoded.
var encodings atomic.Int32

type counted struct{ A int }

func (c counted) MarshalText() ([]byte, error) {
	encodings.Add(1)
	return []byte{byte('0' + c.A)}, nil
}

func (c *counted) UnmarshalText(b []byte) error { c.A = int(b[0] - '0'); return nil }

// After a failed Save nothing is saved automatically, until another call has saved or dropped what
// the Save could not.
func TestTrap_AfterAFailedSaveAndASuccessChangesAreSavedAgain(t *testing.T) {
	type call = func(s site, r *http.Request) error
	for name, next := range map[string]call{
		"Save":         func(s site, r *http.Request) error { return s.Save(r.Context()) },
		"Update":       func(s site, r *http.Request) error { return s.Update(r.Context(), func(*visitor) error { return nil }) },
		"Discard":      func(s site, r *http.Request) error { return s.Discard(r.Context()) },
		"Renew":        func(s site, r *http.Request) error { return s.Renew(r.Context()) },
		"Authenticate": func(s site, r *http.Request) error { return s.Authenticate(r.Context(), "u") },
	} {
		for _, stored := range []bool{true, false} {
			for _, out := range []bool{true, false} {
				if name == "Renew" && !stored {
					continue // it stores nothing then
				}
				t.Run(fmt.Sprint(name, ", stored: ", stored, ", then an outage: ", out), func(t *testing.T) {
					is := is.New(t)
					s := newSite(t, quietly())
					c := s.client()
					if stored {
						c.cookies["__Host-id"] = s.stored(t, visitor{Name: "n"})
					}
					w := c.do(http.MethodPost, "", func(w http.ResponseWriter, r *http.Request) {
						s.session(t, r).Data.Visits = 1
						s.store.fails = errOut
						wants.Err(t, s.Save(r.Context()), sessions.ErrUnavailable)
						s.store.fails = nil
						is.NoErr(next(s, r))
						s.session(t, r).Data.Visits = 7
						if out {
							s.store.fails = errOut
						}
						_, _ = w.Write([]byte("saved"))
					})
					s.store.fails = nil
					if out {
						is.Equal(w.Code, http.StatusServiceUnavailable)
						return
					}
					_, data := c.seen(t)
					is.Equal(data.Visits, 7)
				})
			}
		}
	}
}

// An error that tells the handler nothing about a save doesn't keep Config.Error from responding.
func TestTrap_AnErrorOfSomethingElseHidesNoOutage(t *testing.T) {
	is := is.New(t)
	var sess *web.Middleware[visitor]
	store := &counting{Store: memstore.New(nil)}
	m, err := sessions.New(store, &sessions.Config[visitor]{Observer: observerFunc(func(ctx context.Context, e event.Event) {
		if e.Kind == event.Loaded {
			wants.Err(t, sess.Save(ctx), web.ErrBusy)
		}
	})})
	is.NoErr(err)
	sess, err = web.New(m, quietly())
	is.NoErr(err)
	stored, err := m.CreateAndSave(t.Context(), visitor{})
	is.NoErr(err)
	soldOut := errors.New("sold out")
	for _, id := range []string{stored.ID().Secret(), ""} {
		for name, before := range map[string]func(context.Context){
			"an observer's call": func(context.Context) {},
			"the handler's own": func(ctx context.Context) {
				is.Equal(sess.Update(ctx, func(*visitor) error { return soldOut }), soldOut)
			},
		} {
			t.Run(name, func(t *testing.T) {
				is := is.New(t)
				r := request()
				if id != "" {
					r = request(id)
				}
				w := recorder()
				sess.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					v, err := sess.Session(r.Context())
					is.NoErr(err)
					before(r.Context())
					v.Data.Visits++
					store.fails = errOut
					_, _ = w.Write([]byte("saved"))
				})).ServeHTTP(w, r)
				store.fails = nil
				is.Equal(w.Code, http.StatusServiceUnavailable)
			})
		}
	}
}

type observerFunc func(ctx context.Context, e event.Event)

func (f observerFunc) Observe(ctx context.Context, e event.Event) { f(ctx, e) }

// quietly is a Config that logs nothing.
func quietly() *web.Config { return &web.Config{Logger: slog.New(slog.DiscardHandler)} }

// Whatever a handler has called before, a T of map kind can be assigned to, and a nil map that it
// leaves empty is no change.
func TestTrap_AMapStaysUsable(t *testing.T) {
	type data = map[string]int
	type sites = web.Middleware[data]
	for name, before := range map[string]func(sess *sites, ctx context.Context) error{
		"Session": func(*sites, context.Context) error { return nil },
		"Update": func(sess *sites, ctx context.Context) error {
			return sess.Update(ctx, func(*data) error { return nil })
		},
		"Discard":      func(sess *sites, ctx context.Context) error { return sess.Discard(ctx) },
		"Save":         func(sess *sites, ctx context.Context) error { return sess.Save(ctx) },
		"Renew":        func(sess *sites, ctx context.Context) error { return sess.Renew(ctx) },
		"Authenticate": func(sess *sites, ctx context.Context) error { return sess.Authenticate(ctx, "u") },
		"Destroy":      func(sess *sites, ctx context.Context) error { return sess.Destroy(ctx) },
	} {
		for _, renewed := range []bool{false, true} {
			for _, with := range []bool{false, true} {
				t.Run(fmt.Sprint(name, ", renewed elsewhere: ", renewed, ", With: ", with), func(t *testing.T) {
					is := is.New(t)
					store := &counting{Store: memstore.New(nil)}
					m, err := sessions.New[data](store, nil)
					is.NoErr(err)
					sess, err := web.New(m, quietly())
					is.NoErr(err)
					s, err := m.CreateAndSave(t.Context(), nil)
					is.NoErr(err)
					r := request(s.ID().Secret())
					if with {
						r = r.WithContext(sess.With(r.Context(), s))
					}
					if renewed {
						other, err := m.Load(t.Context(), s.ID().Secret())
						is.NoErr(err)
						is.NoErr(m.Authenticate(t.Context(), other, "u"))
					}
					sess.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
						_, err := sess.Session(r.Context())
						is.NoErr(err)
						err = before(sess, r.Context())
						if !renewed {
							is.NoErr(err)
							store.took()
							is.NoErr(sess.Save(r.Context()))
							is.True(name == "Destroy" || store.took() == "") // there is nothing to save
						}
						_ = sess.Update(r.Context(), func(d *data) error { (*d)["a"] = 1; return nil })
						got, err := sess.Session(r.Context())
						is.NoErr(err)
						got.Data["b"] = 1
					})).ServeHTTP(recorder(), r)
				})
			}
		}
	}
	is := is.New(t)
	m, err := sessions.New[data](memstore.New(nil), nil)
	is.NoErr(err)
	sess, err := web.New(m, nil)
	is.NoErr(err)
	got, err := sess.Session(sess.With(t.Context(), m.Create()))
	is.NoErr(err)
	got.Data["a"] = 1
}

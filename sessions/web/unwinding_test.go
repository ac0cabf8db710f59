package web_test

import (
	"compress/gzip"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"
)

// A deferred call writes the first byte of the response while the handler panics.
func TestTrap_ADeferredWriteStoresNothingHalfDone(t *testing.T) {
	for name, wrap := range map[string]func(w http.ResponseWriter, half func(http.ResponseWriter)){
		"a compressor is closed": func(w http.ResponseWriter, half func(http.ResponseWriter)) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			defer func() { _ = z.Close() }()
			half(w)
		},
		"a compressor is closed that has compressed nothing": func(w http.ResponseWriter, half func(http.ResponseWriter)) {
			w.Header().Set("Vary", "Origin, Accept-Encoding")
			defer func() { _, _ = w.Write([]byte("half")) }()
			half(w)
		},
		"a status": func(w http.ResponseWriter, half func(http.ResponseWriter)) {
			defer w.WriteHeader(http.StatusSeeOther)
			half(w)
		},
		"a recoverer responds": func(w http.ResponseWriter, half func(http.ResponseWriter)) {
			defer func() {
				if recover() != nil {
					http.Error(w, "sorry", http.StatusBadGateway)
				}
			}()
			half(w)
		},
		"a recoverer responds by way of others": func(w http.ResponseWriter, half func(http.ResponseWriter)) {
			defer func() {
				if recover() != nil {
					deep(100, func() { http.Error(w, "sorry", http.StatusBadGateway) })
				}
			}()
			half(w)
		},
		"a recoverer far away responds": func(w http.ResponseWriter, half func(http.ResponseWriter)) {
			defer func() {
				if recover() != nil {
					http.Error(w, "sorry", http.StatusBadGateway)
				}
			}()
			deep(100, func() { half(w) })
		},
	} {
		for how, end := range map[string]func(){
			"panic":  func() { panic("a bug") },
			"abort":  func() { panic(http.ErrAbortHandler) },
			"nil":    func() { var s *struct{ n int }; s.n++ },
			"Goexit": runtime.Goexit,
		} {
			for _, known := range []bool{true, false} {
				t.Run(fmt.Sprint(name, ", ", how, ", known: ", known), func(t *testing.T) {
					is := is.New(t)
					logged := logs(t)
					s := newSite(t, nil)
					var ids []string
					if known {
						ids = []string{s.stored(t, visitor{})}
					}
					items, w, done := s.mem.Len(), recorder(), make(chan struct{})
					go func() { // Goexit ends it
						defer close(done)
						defer func() { _ = recover() }()
						s.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
							wrap(w, func(http.ResponseWriter) {
								s.session(t, r).Data.Visits = 1
								end()
							})
						})).ServeHTTP(w, request(ids...))
					}()
					<-done
					is.Equal(cookie(t, w), nil)
					is.Equal(s.mem.Len(), items)
					if known {
						is.Equal(s.data(t, ids[0]).Visits, 0)
					}
					if w.Body.Len() > 0 || w.Code != http.StatusOK {
						is.Equal(strings.Count(logged.String(), "is not saved, see Discard"), 1)
					}
				})
			}
		}
	}
}

// deep calls f below n frames.
func deep(n int, f func()) {
	if n == 0 {
		f()
		return
	}
	deep(n-1, f)
	runtime.KeepAlive(n) // the compiler makes no loop of it
}

// A recoverer that has dropped what the handler left may change the session.
func TestDiscard_WhileTheHandlerPanics(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	id := s.stored(t, visitor{})
	s.get(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			_ = recover()
			is.NoErr(s.Discard(r.Context()))
			s.session(t, r).Data.Name = "sorry"
			http.Redirect(w, r, "/", http.StatusSeeOther)
		}()
		s.session(t, r).Data.Visits = 1
		panic("a bug")
	}, id)
	is.Equal(s.data(t, id), visitor{Name: "sorry"})
}

// A Discard before the panic says nothing about what was changed since.
func TestDiscard_BeforeTheHandlerPanics(t *testing.T) {
	is := is.New(t)
	s := newSite(t, quietly())
	id := s.stored(t, visitor{})
	s.get(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			_ = recover()
			http.Redirect(w, r, "/", http.StatusSeeOther)
		}()
		is.NoErr(s.Discard(r.Context()))
		s.session(t, r).Data.Visits = 1
		panic("a bug")
	}, id)
	is.Equal(s.data(t, id), visitor{})
}

// What a recoverer saves by itself is saved.
func TestSave_WhileTheHandlerPanics(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	w := s.get(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			_ = recover()
			is.NoErr(s.Save(r.Context()))
			http.Redirect(w, r, "/", http.StatusSeeOther)
		}()
		s.session(t, r).Data.Visits = 1
		panic("a bug")
	})
	is.Equal(s.data(t, cookie(t, w).Value).Visits, 1)
}

// An error page that is served while a handler outside panics is a handler of its own, and so is
// one whose own panic was recovered before.
func TestCommit_AfterThePanicOfAnother(t *testing.T) {
	for name, serve := range map[string]func(h http.Handler, w http.ResponseWriter, r *http.Request){
		"around the Handler": func(h http.Handler, w http.ResponseWriter, r *http.Request) {
			defer func() {
				_ = recover()
				h.ServeHTTP(w, r)
			}()
			panic("a bug")
		},
		"before": func(h http.Handler, w http.ResponseWriter, r *http.Request) {
			func() {
				defer func() { _ = recover() }()
				panic("a bug")
			}()
			h.ServeHTTP(w, r)
		},
	} {
		for _, frames := range []int{0, 100} {
			t.Run(fmt.Sprint(name, ", ", frames, " frames"), func(t *testing.T) {
				is := is.New(t)
				s, w := newSite(t, nil), recorder()
				serve(s.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					deep(frames, func() {
						s.session(t, r).Data.Visits = 1
						http.Redirect(w, r, "/", http.StatusSeeOther) // looked at, unlike a 2xx
					})
				})), w, request())
				is.Equal(s.data(t, cookie(t, w).Value).Visits, 1)
			})
		}
	}
}

// A TimeoutHandler inside passes the handler's panic on.
func TestTrap_APanicInsideOfATimeoutHandlerStoresNothing(t *testing.T) {
	is := is.New(t)
	s := newSite(t, quietly())
	id := s.stored(t, visitor{})
	inside := http.TimeoutHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		z := gzip.NewWriter(w)
		defer func() { _ = z.Close() }()
		s.session(t, r).Data.Visits = 1
		panic("a bug")
	}), time.Hour, "")
	s.get(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if recover() != nil {
				w.WriteHeader(http.StatusBadGateway)
			}
		}()
		inside.ServeHTTP(w, r)
	}, id)
	is.Equal(s.data(t, id), visitor{})
}

// A choice that a panic interrupted changes neither the session nor its ID, also if the error page
// has a form.
func TestPersist_BeforeTheHandlerPanics(t *testing.T) {
	is := is.New(t)
	s := newSite(t, quietly())
	id := s.stored(t, visitor{})
	w := s.get(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			_ = recover()
			_, err := s.Token(r.Context())
			is.NoErr(err)
			http.Redirect(w, r, "/", http.StatusSeeOther)
		}()
		is.NoErr(s.Persist(r.Context(), true))
		s.session(t, r).Data.Visits = 1
		panic("a bug")
	}, id)
	is.Equal(cookie(t, w), nil)
	is.Equal(s.data(t, id), visitor{})
}

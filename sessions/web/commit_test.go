package web_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/event"
	"github.com/dynasession/dynasession/sessions/web"
)

// However a handler ends, its session is saved once, and the cookie is in the header.
func TestTrap_SavedBeforeTheFirstByteWhateverWayTheHandlerEnds(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"nothing":     func(http.ResponseWriter, *http.Request) {},
		"Write":       func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("x")) },
		"WriteString": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "x") },
		"two Writes":  func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("x")); _, _ = w.Write([]byte("y")) },
		"WriteHeader": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusCreated) },
		"ReadFrom":    func(w http.ResponseWriter, _ *http.Request) { _, _ = io.Copy(w, strings.NewReader("x")) },
		"Flush":       func(w http.ResponseWriter, _ *http.Request) { w.(http.Flusher).Flush() },
		"Redirect":    func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusSeeOther) },
		"Error":       func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusBadRequest) },
		"ServeContent": func(w http.ResponseWriter, r *http.Request) {
			http.ServeContent(w, r, "a.txt", time.Time{}, strings.NewReader("x"))
		},
		"full duplex": func(w http.ResponseWriter, _ *http.Request) { _ = http.NewResponseController(w).EnableFullDuplex() },
		"103, then 200": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusOK)
		},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			s := newSite(t, nil)
			server := httptest.NewServer(s.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				s.session(t, r).Data.Visits++
				answer(w, r)
			})))
			t.Cleanup(server.Close)
			client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
			response, err := client.Get(server.URL)
			is.NoErr(err)
			defer response.Body.Close()
			is.Equal(len(response.Header.Values("Set-Cookie")), 1)
			is.Equal(s.store.took(), "Create")
			is.Equal(s.data(t, response.Cookies()[0].Value).Visits, 1)
		})
	}
}

func TestTrap_AFailedSaveNeverReachesTheClientAsTheHandlersAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		status int
	}{
		"outage":   {fmt.Errorf("%w: out", sessions.ErrUnavailable), 503},
		"conflict": {sessions.ErrConflict, 409},
		"logout":   {sessions.ErrNotFound, 409},
		"size":     {&sessions.TooLargeError{Size: 2, Limit: 1}, 507},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			logs(t)
			s := newSite(t, nil)
			id := s.stored(t, visitor{})
			s.store.fails, s.store.on = c.err, "Replace"
			w := httptest.NewRecorder()
			w.Header().Set("X-Of-Others", "stays")
			s.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				s.session(t, r).Data.Visits++
				w.Header().Set("X-Of-The-Handler", "goes")
				w.WriteHeader(http.StatusCreated)
				_, err := w.Write([]byte("all is well"))
				wants.Err(t, err, web.ErrCommitted)
				_, err = io.WriteString(w, "all is well")
				wants.Err(t, err, web.ErrCommitted)
				_, err = io.Copy(w, strings.NewReader("all is well"))
				wants.Err(t, err, web.ErrCommitted)
				wants.Err(t, http.NewResponseController(w).Flush(), web.ErrCommitted)
			})).ServeHTTP(w, request(id))
			is.Equal(w.Code, c.status)
			is.True(!strings.Contains(w.Body.String(), "all is well"))
			is.Equal(w.Header().Get("X-Of-The-Handler"), "")
			is.Equal(w.Header().Get("X-Of-Others"), "stays")
			is.Equal(len(w.Header().Values("Set-Cookie")), 0) // the cookie is kept
		})
	}
}

func TestCommit_WhatIsTooLargeIsRefusedBeforeTheWork(t *testing.T) {
	is := is.New(t)
	out := logs(t)
	s := newSite(t, nil)
	huge := strings.Repeat("x", 10*codec.EncodeLimit)
	for _, id := range []string{"", s.stored(t, visitor{})} {
		w := s.get(func(w http.ResponseWriter, r *http.Request) { s.session(t, r).Data.Name = huge }, id)
		is.Equal(w.Code, http.StatusInsufficientStorage)
		calls := s.store.took()
		is.True(!strings.Contains(calls, "Create") && !strings.Contains(calls, "Replace"))
		is.True(!strings.Contains(w.Body.String()+out.String(), "xxx"))
	}
}

func TestCommit_AFailureIsAnsweredByTheConfigsError(t *testing.T) {
	is := is.New(t)
	s := newSite(t, &web.Config{Error: func(w http.ResponseWriter, r *http.Request, err error) {
		wants.Err(t, err, sessions.ErrConflict)
		http.Error(w, "again, please", http.StatusTooManyRequests)
	}})
	id := s.stored(t, visitor{})
	s.store.fails, s.store.on = sessions.ErrConflict, "Replace"
	w := s.get(s.count(t), id)
	is.Equal(w.Code, http.StatusTooManyRequests)
	is.Equal(w.Body.String(), "again, please\n")
}

func TestCommit_TheAnswerOfAFailureStillTellsOfARenewal(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	id := s.stored(t, visitor{})
	w := s.get(func(w http.ResponseWriter, r *http.Request) {
		is.NoErr(s.Renew(r.Context()))
		s.store.fails, s.store.on = sessions.ErrConflict, "Replace"
		s.session(t, r).Data.Visits++
	}, id)
	is.Equal(w.Code, http.StatusConflict)
	c := cookie(t, w)
	is.True(c.Value != "" && c.Value != id) // or the visitor would be logged out
}

func TestTrap_AChangeAfterTheAnswerHasBegunIsNoSilence(t *testing.T) {
	is := is.New(t)
	var late error
	s := newSite(t, &web.Config{Error: func(w http.ResponseWriter, _ *http.Request, err error) {
		late = err
		w.Header().Set("X-Late", "is discarded")
		_, _ = w.Write([]byte("is discarded"))
	}})
	id := s.stored(t, visitor{})
	w := s.get(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("hello"))
		s.session(t, r).Data.Visits++
	}, id)
	wants.Err(t, late, web.ErrCommitted)
	is.Equal(w.Body.String(), "hello")
	is.Equal(w.Header().Get("X-Late"), "")
	is.Equal(s.data(t, id).Visits, 0)

	late = nil
	s.get(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("hello"))
		s.session(t, r).Data.Visits++
		is.NoErr(s.Save(r.Context())) // said so: it is saved
	}, id)
	is.NoErr(late)
	is.Equal(s.data(t, id).Visits, 1)
}

// A reverse proxy, and some frameworks, panic if they can't write their response. The response that
// stands in its place is complete.
func TestTrap_APanicAboutAFailedSaveTakesNoAnswerAway(t *testing.T) {
	is := is.New(t)
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }))
	t.Cleanup(upstream.Close)
	target, err := url.Parse(upstream.URL)
	is.NoErr(err)
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ErrorLog = log.New(io.Discard, "", 0)
	for name, respond := range map[string]http.HandlerFunc{
		"a proxy": proxy.ServeHTTP,
		"abort": func(w http.ResponseWriter, _ *http.Request) {
			mustWrite(w, func(error) any { return http.ErrAbortHandler })
		},
		"the error of Write": func(w http.ResponseWriter, _ *http.Request) {
			mustWrite(w, func(err error) any { return fmt.Errorf("can't marshal: %w", err) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			s := newSite(t, &web.Config{Logger: slog.New(slog.DiscardHandler)})
			id := s.stored(t, visitor{})
			s.store.fails, s.store.on = errOut, "Replace"
			server := httptest.NewServer(s.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				s.session(t, r).Data.Visits++
				respond(w, r)
			})))
			t.Cleanup(server.Close)
			server.Config.ErrorLog = log.New(io.Discard, "", 0)
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
			is.NoErr(err)
			r.AddCookie(&http.Cookie{Name: "__Host-id", Value: id})
			response, err := server.Client().Do(r)
			is.NoErr(err)
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			is.NoErr(err)
			is.Equal(response.StatusCode, http.StatusServiceUnavailable)
			is.Equal(string(body), "Service Unavailable\n")
		})
	}
}

// mustWrite panics with the value that reason returns if it can't write.
func mustWrite(w http.ResponseWriter, reason func(error) any) {
	if _, err := io.WriteString(w, "hello"); err != nil {
		panic(reason(err))
	}
}

// Other panics go on, as do Goexit and a panic of Config.Error.
func TestTrap_APanicAfterAFailedSaveGoesOn(t *testing.T) {
	fails := func(t *testing.T, onError func(), then func()) (panicked any, returned bool) {
		s := newSite(t, &web.Config{Error: func(w http.ResponseWriter, _ *http.Request, err error) {
			onError()
			w.WriteHeader(web.Status(err))
		}})
		s.store.fails, s.store.on = errOut, "Create"
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			defer func() { panicked = recover() }()
			s.get(func(w http.ResponseWriter, r *http.Request) {
				s.session(t, r).Data.Visits++
				_, _ = io.WriteString(w, "hello")
				then()
			})
			returned = true
		}()
		<-ended
		return panicked, returned
	}
	nothing := func() {}
	is := is.New(t)
	_, returned := fails(t, nothing, nothing)
	is.True(returned)
	panicked, _ := fails(t, nothing, func() { panic("a bug") })
	is.Equal(panicked, "a bug")
	panicked, returned = fails(t, nothing, runtime.Goexit)
	is.Equal(panicked, nil)
	is.True(!returned)
	panicked, _ = fails(t, func() { panic(http.ErrAbortHandler) }, nothing)
	is.Equal(panicked, http.ErrAbortHandler)
}

func TestTrap_APanicSavesNothingAndGoesOn(t *testing.T) {
	for name, value := range map[string]any{"some": "boom", "abort": http.ErrAbortHandler} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			s := newSite(t, nil)
			id := s.stored(t, visitor{})
			defer func() {
				is.Equal(recover(), value)
				is.Equal(s.store.took(), "Load")
				is.Equal(s.data(t, id).Visits, 0)
			}()
			s.get(func(_ http.ResponseWriter, r *http.Request) {
				s.session(t, r).Data.Visits++
				panic(value)
			}, id)
		})
	}
}

func TestTrap_ALogoutGoesThroughWhenTheClientHasHungUp(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	for _, loads := range []bool{true, false} {
		id := s.stored(t, visitor{})
		hungUp, hangUp := context.WithCancel(t.Context())
		w := httptest.NewRecorder()
		s.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if loads {
				s.session(t, r)
			}
			hangUp()
			is.NoErr(s.Destroy(r.Context()))
		})).ServeHTTP(w, request(id).WithContext(hungUp))
		is.Equal(s.mem.Len(), 0)
		is.True(cookie(t, w).MaxAge < 0)
	}
}

func TestCommit_TheConfigsErrorMayAskForTheSession(t *testing.T) {
	is := is.New(t)
	var s site
	s = newSite(t, &web.Config{Error: func(w http.ResponseWriter, r *http.Request, err error) {
		name := "nobody"
		if got, err := s.Session(r.Context()); err == nil {
			name = got.Data.Name
		}
		http.Error(w, "sorry, "+name, web.Status(err))
	}})
	id := s.stored(t, visitor{Name: "n"})
	s.store.fails, s.store.on = sessions.ErrConflict, "Replace"
	is.Equal(s.get(s.count(t), id).Body.String(), "sorry, n\n")
	s.store.fails, s.store.on = fmt.Errorf("%w: out", sessions.ErrUnavailable), "Load"
	w := s.get(func(_ http.ResponseWriter, r *http.Request) { _, _ = s.Session(r.Context()) }, id)
	is.Equal(w.Body.String(), "sorry, nobody\n")
}

// After a save that has lost against another request, Config.Error sees what is stored, and can
// leave a message there.
func TestCommit_TheConfigsErrorSeesWhatIsStored(t *testing.T) {
	for name, c := range map[string]struct {
		before        func(ctx context.Context, s site, got *sessions.Session[visitor]) error
		subject, name string
		after         string
	}{
		"changed by another request": {func(ctx context.Context, s site, got *sessions.Session[visitor]) error {
			_, err := s.manager.Update(ctx, got.ID().Secret(), func(v *visitor) error { v.Name = "theirs"; return nil })
			return err
		}, "ann", "theirs", "409 beside theirs"},
		"ended by another request": {func(ctx context.Context, s site, got *sessions.Session[visitor]) error {
			_, err := s.manager.RevokeAll(ctx, "ann")
			return err
		}, "", "", "409 beside "},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			var s site
			s = newSite(t, &web.Config{Error: func(w http.ResponseWriter, r *http.Request, err error) {
				got := s.session(t, r)
				is.Equal(got.Subject(), c.subject)
				is.Equal(got.Data.Name, c.name)
				is.NoErr(s.Update(r.Context(), func(v *visitor) error { v.Name = fmt.Sprint(web.Status(err), " beside ", v.Name); return nil }))
				w.WriteHeader(web.Status(err))
			}})
			b := s.client()
			b.login(t, "ann")
			w := b.do(http.MethodPost, "", func(_ http.ResponseWriter, r *http.Request) {
				got := s.session(t, r)
				got.Data.Name = "ours"
				is.NoErr(c.before(r.Context(), s, got))
			})
			is.Equal(w.Code, http.StatusConflict)
			subject, data := b.seen(t)
			is.Equal(subject, c.subject)
			is.Equal(data.Name, c.after)
		})
	}
}

// The client hangs up while the handler works: its changes are saved, and nothing is logged.
func TestTrap_AClientThatHangsUpLosesNothing(t *testing.T) {
	for _, explicit := range []bool{false, true} {
		is := is.New(t)
		l := logs(t)
		s := newSiteWith(t, nil, &sessions.Config[visitor]{Observer: event.Log(nil)})
		s.store.hook = func(ctx context.Context, _ string) { is.NoErr(ctx.Err()) }
		id := s.stored(t, visitor{})
		hungUp, hangUp := context.WithCancel(t.Context())
		s.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			hangUp()
			s.session(t, r).Data.Visits++
			if explicit {
				is.NoErr(s.Save(r.Context()))
			}
		})).ServeHTTP(httptest.NewRecorder(), request(id).WithContext(hungUp))
		is.Equal(s.data(t, id).Visits, 1)
		is.True(!strings.Contains(l.String(), "level=ERROR"))
	}
}

func TestTrap_AHandlerThatDealtWithSavesErrorIsNotOverruled(t *testing.T) {
	for name, err := range map[string]error{"conflict": sessions.ErrConflict, "outage": errOut, "ended": sessions.ErrNotFound} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			logs(t)
			s := newSite(t, &web.Config{Error: func(http.ResponseWriter, *http.Request, error) { t.Error("called") }})
			id := s.stored(t, visitor{})
			s.store.fails, s.store.on = err, "Replace"
			w := s.get(func(w http.ResponseWriter, r *http.Request) {
				s.session(t, r).Data.Visits++
				saved := s.Save(r.Context())
				wants.Err(t, saved, err)
				http.Error(w, "sorry", http.StatusTeapot)
			}, id)
			is.Equal(w.Code, http.StatusTeapot)
			is.Equal(w.Body.String(), "sorry\n")
		})
	}
}

func TestSave_AfterAConflictTheHandlerLoadsAgain(t *testing.T) {
	is := is.New(t)
	s := newSiteWith(t, nil, &sessions.Config[visitor]{Merge: sessions.NoMerge[visitor]})
	c := s.client()
	c.do(http.MethodPost, "", s.count(t))
	id := c.cookies["__Host-id"]
	for _, renewed := range []bool{false, true} {
		w := c.do(http.MethodPost, "", func(w http.ResponseWriter, r *http.Request) {
			if renewed {
				is.NoErr(s.Renew(r.Context()))
				id = s.session(t, r).ID().Secret()
			}
			mine := s.session(t, r)
			mine.Data.Visits += 10
			_, err := s.manager.Update(t.Context(), id, func(v *visitor) error { v.Visits++; return nil })
			is.NoErr(err)
			wants.Err(t, s.Save(r.Context()), sessions.ErrConflict)
			again := s.session(t, r)
			is.True(again != mine)
			again.Data.Visits += 10
			w.WriteHeader(http.StatusAccepted)
		})
		is.Equal(w.Code, http.StatusAccepted)
	}
	is.Equal(s.data(t, c.cookies["__Host-id"]).Visits, 1+11+11)
}

func TestTrap_OneSetCookieAfterAFailedSave(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(is *is.I, s site, r *http.Request)
		want func(site, *http.Cookie) bool
	}{
		"a new one that could not be stored": {func(_ *is.I, s site, r *http.Request) {
			s.store.fails, s.store.on = errOut, "Create"
		}, func(_ site, c *http.Cookie) bool { return c == nil }},
		"a logout, and a new one that could not be stored": {func(is *is.I, s site, r *http.Request) {
			is.NoErr(s.Destroy(r.Context()))
			s.store.fails, s.store.on = errOut, "Create"
		}, func(_ site, c *http.Cookie) bool { return c != nil && c.MaxAge < 0 }},
		"renewed, then not saved": {func(is *is.I, s site, r *http.Request) {
			is.NoErr(s.Save(r.Context()))
			is.NoErr(s.Renew(r.Context()))
			s.store.fails, s.store.on = errOut, "Replace"
		}, func(s site, c *http.Cookie) bool { return c != nil && c.Value != "" && s.mem.Len() > 0 }},
		"signed in, then not saved": {func(is *is.I, s site, r *http.Request) {
			is.NoErr(s.Authenticate(r.Context(), "u"))
			s.store.fails, s.store.on = errOut, "Replace"
		}, func(s site, c *http.Cookie) bool { return c != nil && c.Value != "" }},
	} {
		for _, inError := range []string{"nothing", "logout", "session"} {
			t.Run(name+", in Error: "+inError, func(t *testing.T) {
				is := is.New(t)
				logs(t)
				var s site
				s = newSite(t, &web.Config{Error: func(w http.ResponseWriter, r *http.Request, err error) {
					switch inError {
					case "logout":
						s.store.fails = nil
						is.NoErr(s.Destroy(r.Context()))
					case "session":
						_, err := s.Session(r.Context())
						is.NoErr(err)
					}
					http.Error(w, "sorry", web.Status(err))
				}})
				ids := []string{s.stored(t, visitor{})}
				if name == "a new one that could not be stored" {
					ids = nil
				}
				w := s.get(func(_ http.ResponseWriter, r *http.Request) {
					s.session(t, r)
					c.do(is, s, r)
					s.session(t, r).Data.Visits++
				}, ids...)
				got := cookie(t, w) // at most one
				switch {
				case ids == nil:
					is.Equal(got, nil)
				case inError == "logout":
					is.True(got != nil && got.MaxAge < 0)
				default:
					is.True(c.want(s, got))
				}
			})
		}
	}
}

func TestTrap_AnOuterMiddlewaresFailedSaveKeepsTheInnersCookie(t *testing.T) {
	is := is.New(t)
	logs(t)
	outer, inner := newSite(t, nil), newSite(t, &web.Config{Cookie: web.Cookie{Name: "__Host-inner"}})
	id := outer.stored(t, visitor{})
	outer.store.fails, outer.store.on = errOut, "Replace"
	w := outer.get(func(w http.ResponseWriter, r *http.Request) {
		outer.session(t, r).Data.Visits++
		inner.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			is.NoErr(inner.Authenticate(r.Context(), "u"))
			w.Header().Set("X-Of-The-Handler", "goes")
			_, _ = w.Write([]byte("hello"))
		})).ServeHTTP(w, r)
	}, id)
	is.Equal(w.Code, http.StatusServiceUnavailable)
	is.Equal(w.Header().Get("X-Of-The-Handler"), "")
	is.Equal(w.Header().Get("Cache-Control"), "no-store")
	is.Equal(len(w.Result().Cookies()), 1)
	_, err := inner.manager.Load(t.Context(), w.Result().Cookies()[0].Value)
	is.NoErr(err)
}

// Gin's writer begins every answer.
func TestTrap_AnEmpty200AfterAnOutageIsTheConfigsErrorsAnswer(t *testing.T) {
	is := is.New(t)
	logs(t)
	s := newSite(t, nil)
	s.store.fails = errOut
	for body, want := range map[string]int{"": 503, "we are sorry": 200} {
		w := s.get(func(w http.ResponseWriter, r *http.Request) {
			_, err := s.Session(r.Context())
			is.True(err != nil)
			w.WriteHeader(http.StatusOK)
			if body != "" {
				_, _ = io.WriteString(w, body)
			}
		}, s.fake())
		is.Equal(w.Code, want)
	}
}

func TestTrap_APanicThatIsRecoveredOutsideSavesNothing(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	id := s.stored(t, visitor{})
	w := httptest.NewRecorder()
	var inner http.ResponseWriter
	recoverer := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer func() {
				is.Equal(recover(), "boom")
				http.Error(inner, "internal", http.StatusInternalServerError) // as echo does
			}()
			next.ServeHTTP(w, r)
		})
	}
	recoverer(s.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inner = w
		s.session(t, r).Data.Visits++
		panic("boom")
	}))).ServeHTTP(w, request(id))
	is.Equal(w.Code, http.StatusInternalServerError)
	is.Equal(s.data(t, id).Visits, 0)
}

func TestTrap_APanicThatIsRecoveredInsideSavesNothing(t *testing.T) {
	logs(t)
	for name, answer := range map[string]func(s site, w http.ResponseWriter, r *http.Request){
		"500": func(_ site, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"Discard": func(s site, w http.ResponseWriter, r *http.Request) {
			if err := s.Discard(r.Context()); err != nil {
				panic(err)
			}
			w.WriteHeader(http.StatusBadGateway)
		},
	} {
		for _, known := range []bool{true, false} {
			t.Run(fmt.Sprint(name, known), func(t *testing.T) {
				is := is.New(t)
				s := newSite(t, nil)
				var ids []string
				if known {
					ids = []string{s.stored(t, visitor{})}
				}
				items := s.mem.Len()
				w := s.get(func(w http.ResponseWriter, r *http.Request) {
					defer func() {
						_ = recover()
						answer(s, w, r)
					}()
					got := s.session(t, r)
					got.Data.Visits, got.IdleTimeout, got.Persist = 1, time.Minute, true
					panic("boom")
				}, ids...)
				is.Equal(cookie(t, w), nil)
				is.Equal(s.mem.Len(), items)
				if known {
					is.Equal(s.data(t, ids[0]).Visits, 0)
				}
			})
		}
	}
}

// A TimeoutHandler inside responds with 503 while the handler is still changing its session.
func TestTrap_ATimeoutHandlerInsideStoresNothingHalfDone(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	id := s.stored(t, visitor{})
	answered, done := make(chan struct{}), make(chan struct{})
	h := http.TimeoutHandler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		defer close(done)
		got := s.session(t, r)
		for writing := true; writing; got.Data.Visits++ {
			select {
			case <-answered:
				writing = false
			default:
			}
		}
		is.True(s.Save(r.Context()) != nil)
		is.True(s.Update(r.Context(), func(v *visitor) error { v.Visits++; return nil }) != nil)
		is.True(s.Authenticate(r.Context(), "u") != nil)
	}), time.Second, "too late")
	w := s.get(h.ServeHTTP, id)
	close(answered)
	<-done
	is.Equal(w.Code, http.StatusServiceUnavailable)
	is.Equal(w.Body.String(), "too late")
	is.Equal(cookie(t, w), nil)
	is.Equal(s.data(t, id), visitor{})
}

func TestTrap_ATimeoutHandlerOutsideStoresNothingOfWhatTimedOut(t *testing.T) {
	is := is.New(t)
	logs(t)
	s := newSite(t, nil)
	id := s.stored(t, visitor{})
	done := make(chan struct{})
	h := http.TimeoutHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(done)
		s.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			got := s.session(t, r)
			<-r.Context().Done()
			got.Data.Visits++
			_, _ = w.Write([]byte("done"))
		})).ServeHTTP(w, r)
	}), time.Second, "too late")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, request(id))
	<-done
	is.Equal(w.Code, http.StatusServiceUnavailable)
	is.Equal(s.data(t, id), visitor{})
}

func TestTimeoutHandler_InTimeSavesAndSetsTheCookie(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	w := s.get(http.TimeoutHandler(s.count(t), time.Minute, "").ServeHTTP)
	is.Equal(s.data(t, cookie(t, w).Value).Visits, 1)
}

// A handler passes a deadline to its store calls, and runs longer than that.
func TestSession_ADeadlineOfTheHandlersOwnIsNoTimeout(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	id := s.stored(t, visitor{})
	w := s.get(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 10*time.Millisecond)
		defer cancel()
		got, err := s.Session(ctx)
		is.NoErr(err)
		<-ctx.Done()
		got.Data.Visits++
		w.WriteHeader(http.StatusCreated)
	}, id)
	is.Equal(w.Code, http.StatusCreated)
	is.Equal(s.data(t, id).Visits, 1)
}

func TestConfigError_ThatSaysNothingIsNoSuccess(t *testing.T) {
	is := is.New(t)
	s := newSite(t, &web.Config{Error: func(http.ResponseWriter, *http.Request, error) {}})
	s.store.fails = errOut
	is.Equal(s.get(func(_ http.ResponseWriter, r *http.Request) { _, _ = s.Session(r.Context()) }, s.fake()).Code, 503)
}

// As echo does: what recovers is around the Handler, and answers by the writer that the handler
// had.
func TestTrap_WhatRecoversOutsideAndAnswersByTheInnerWriterSavesNothing(t *testing.T) {
	for _, status := range []int{http.StatusOK, http.StatusTeapot, http.StatusInternalServerError, http.StatusServiceUnavailable} {
		is := is.New(t)
		s := newSite(t, nil)
		id := s.stored(t, visitor{})
		var inner http.ResponseWriter
		h := s.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			inner = w
			s.session(t, r).Data.Visits = 7
			panic(http.ErrAbortHandler)
		}))
		w := httptest.NewRecorder()
		func() {
			defer func() {
				is.Equal(recover(), http.ErrAbortHandler)
				inner.WriteHeader(status)
				_, _ = inner.Write([]byte("sorry"))
			}()
			h.ServeHTTP(w, request(id))
		}()
		is.Equal(w.Code, status)
		is.Equal(w.Body.String(), "sorry")
		is.Equal(s.store.took(), "Load")
	}
}

// The inner cookie's last state is told, once, if the outer session can't be saved.
func TestTrap_AnOuterMiddlewaresFailedSaveKeepsTheInnersLastState(t *testing.T) {
	recoverer := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if func() (panicked any) {
				defer func() { panicked = recover() }()
				next.ServeHTTP(w, r)
				return nil
			}() != nil {
				http.Redirect(w, r, "/", http.StatusSeeOther)
			}
		})
	}
	for name, c := range map[string]struct {
		handler func(t *testing.T, inner site, w http.ResponseWriter, r *http.Request)
		subject string
	}{
		"a panic after a login": {func(t *testing.T, inner site, _ http.ResponseWriter, r *http.Request) {
			is.New(t).NoErr(inner.Authenticate(r.Context(), "u"))
			panic("a bug")
		}, "u"},
		"a login after a Hijack that is refused": {func(t *testing.T, inner site, w http.ResponseWriter, r *http.Request) {
			is.New(t).NoErr(inner.Authenticate(r.Context(), "u"))
			_, _, err := http.NewResponseController(w).Hijack()
			wants.Err(t, err, http.ErrNotSupported)
			is.New(t).NoErr(inner.Authenticate(r.Context(), "v"))
		}, "v"},
		"a logout after a Hijack that is refused": {func(t *testing.T, inner site, w http.ResponseWriter, r *http.Request) {
			is.New(t).NoErr(inner.Authenticate(r.Context(), "u"))
			_, _, err := http.NewResponseController(w).Hijack()
			wants.Err(t, err, http.ErrNotSupported)
			is.New(t).NoErr(inner.Destroy(r.Context()))
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			outer, inner := newSite(t, &web.Config{Cookie: web.Cookie{Name: "__Host-outer"}, Logger: quietly().Logger}), newSite(t, nil)
			browser := inner.client()
			w := browser.serve(outer.Handler(recoverer(inner.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				defer func() {
					outer.session(t, r).Data.Visits++
					outer.store.fails = errOut
				}()
				c.handler(t, inner, w, r)
			})))), browser.request(http.MethodPost, ""))
			is.Equal(w.Code, http.StatusServiceUnavailable)
			cookie(t, w) // there is one at most
			subject, _ := browser.seen(t)
			is.Equal(subject, c.subject)
		})
	}
}

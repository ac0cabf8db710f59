package web_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/web"
)

// Whatever way a handler ends, its session is saved once, and the cookie is in the header.
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
				is.True(errors.Is(err, web.ErrCommitted))
				_, err = io.WriteString(w, "all is well")
				is.True(errors.Is(err, web.ErrCommitted))
				_, err = io.Copy(w, strings.NewReader("all is well"))
				is.True(errors.Is(err, web.ErrCommitted))
				is.True(errors.Is(http.NewResponseController(w).Flush(), web.ErrCommitted))
			})).ServeHTTP(w, request(id))
			is.Equal(w.Code, c.status)
			is.True(!strings.Contains(w.Body.String(), "all is well"))
			is.Equal(w.Header().Get("X-Of-The-Handler"), "")
			is.Equal(w.Header().Get("X-Of-Others"), "stays")
			is.Equal(len(w.Header().Values("Set-Cookie")), 0) // the cookie is kept
		})
	}
}

func TestCommit_AFailureIsAnsweredByTheConfigsError(t *testing.T) {
	is := is.New(t)
	s := newSite(t, &web.Config{Error: func(w http.ResponseWriter, r *http.Request, err error) {
		is.True(errors.Is(err, sessions.ErrConflict))
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
	is.True(errors.Is(late, web.ErrCommitted))
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

package web_test

import (
	"bytes"
	"log"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions/web"
)

// lines has the lines of slog.Default.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// logs collects the lines of slog.Default during the test.
func logs(t testing.TB) *lines {
	t.Helper()
	l, before := &lines{}, slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(l, nil)))
	t.Cleanup(func() {
		slog.SetDefault(before)
		log.SetOutput(os.Stderr)
		log.SetFlags(log.LstdFlags)
	})
	return l
}

func TestLog_WhatNobodyElseIsToldIsALine(t *testing.T) {
	unavailable := func(s site) { s.store.fails = errOut }
	for name, c := range map[string]struct {
		before func(site)
		do     func(*testing.T, site) http.HandlerFunc
		level  string
		says   string
	}{
		"an outage": {unavailable, func(t *testing.T, s site) http.HandlerFunc {
			return func(_ http.ResponseWriter, r *http.Request) { _, _ = s.Session(r.Context()) }
		}, "ERROR", "store unavailable"},
		"an outage that the handler answers": {unavailable, func(t *testing.T, s site) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				if _, err := s.Session(r.Context()); err != nil {
					http.Error(w, "later", web.Status(err))
				}
			}
		}, "ERROR", "store unavailable"},
		"a save that fails": {func(s site) { s.store.fails, s.store.on = errOut, "Replace" }, func(t *testing.T, s site) http.HandlerFunc {
			return s.count(t)
		}, "ERROR", "store unavailable"},
		"a change after the answer has begun": {nil, func(t *testing.T, s site) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(http.StatusOK)
				s.session(t, r).Data.Visits++
			}
		}, "ERROR", "is not saved"},
		"a change before a 500": {nil, func(t *testing.T, s site) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				s.session(t, r).Data.Visits++
				w.WriteHeader(http.StatusInternalServerError)
			}
		}, "ERROR", "is not saved"},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			l := logs(t)
			s := newSite(t, nil)
			id := s.stored(t, visitor{})
			handle := s.handle(t, id)
			if c.before != nil {
				c.before(s)
			}
			s.get(c.do(t, s), id)
			is.Equal(strings.Count(l.String(), "level="), 1)
			is.True(strings.Contains(l.String(), "level="+c.level))
			is.True(strings.Contains(l.String(), c.says))
			is.True(strings.Contains(l.String(), handle))
			is.True(!strings.Contains(l.String(), id))
		})
	}
	t.Run("a missing middleware", func(t *testing.T) {
		is := is.New(t)
		l := logs(t)
		s := newSite(t, nil)
		_, err := s.Session(t.Context())
		is.Equal(err, web.ErrNoMiddleware)
		is.True(strings.Contains(l.String(), "level=ERROR"))
		is.True(strings.Contains(l.String(), "is the Middleware's Handler around this route?"))
	})
}

func TestLog_GoesToTheConfigsLogger(t *testing.T) {
	is := is.New(t)
	var own bytes.Buffer
	l := logs(t)
	s := newSite(t, &web.Config{Logger: slog.New(slog.NewTextHandler(&own, nil))})
	s.store.fails = errOut
	s.get(func(_ http.ResponseWriter, r *http.Request) { _, _ = s.Session(r.Context()) }, s.fake())
	is.True(strings.Contains(own.String(), "store unavailable"))
	is.Equal(l.String(), "")
}

// No log line has a control or bidirectional character from the client.
func TestLog_NothingThatAClientSendsStandsRaw(t *testing.T) {
	is := is.New(t)
	var out bytes.Buffer
	s := newSite(t, &web.Config{Logger: slog.New(slog.NewJSONHandler(&out, nil))})
	s.store.fails = errOut
	r := request(s.fake(), "x\u202ey", "line\nforged")
	r.Method = "GET\n\u202e"
	r.URL.Path, r.URL.RawPath = "/a\u202eb\nc\x00", ""
	s.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = s.Session(r.Context()) })).ServeHTTP(discardWriter{}, r)
	is.True(out.Len() > 0)
	for _, c := range strings.TrimSuffix(out.String(), "\n") {
		if c < ' ' || c > '~' {
			t.Errorf("%q in %s", c, out.String())
		}
	}
	is.True(!strings.Contains(out.String(), "forged"))
}

func TestLog_ALongRequestIsAShortLine(t *testing.T) {
	is := is.New(t)
	var out bytes.Buffer
	s := newSite(t, &web.Config{Logger: slog.New(slog.NewJSONHandler(&out, nil))})
	s.store.fails = errOut
	r := request(s.fake())
	r.Method, r.URL.Path = strings.Repeat("M", 1<<20), "/"+strings.Repeat("p", 1<<20)
	s.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = s.Session(r.Context()) })).ServeHTTP(recorder(), r)
	is.True(out.Len() > 0)
	is.True(out.Len() < 2000)
}

type discardWriter struct{}

func (discardWriter) Header() http.Header         { return http.Header{} }
func (discardWriter) Write(p []byte) (int, error) { return len(p), nil }
func (discardWriter) WriteHeader(int)             {}

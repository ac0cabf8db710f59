package web_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions/web"
)

func TestMisuse_ASecureCookieOverPlainHTTP(t *testing.T) {
	for name, c := range map[string]struct {
		target, field, value string
		cookie               web.Cookie
		want                 int
	}{
		"a form":             {"http://shop.test/", "Origin", "http://shop.test", web.Cookie{}, 1},
		"a link":             {"http://shop.test/", "Referer", "http://shop.test/page", web.Cookie{}, 1},
		"over TLS":           {"https://shop.test/", "Origin", "http://shop.test", web.Cookie{}, 0},
		"behind a proxy":     {"http://shop.test/", "Origin", "https://shop.test", web.Cookie{}, 0},
		"another site":       {"http://shop.test/", "Origin", "http://other.test", web.Cookie{}, 0},
		"no browser":         {"http://shop.test/", "X-A", "b", web.Cookie{}, 0},
		"on localhost":       {"http://localhost:8080/", "Origin", "http://localhost:8080", web.Cookie{}, 0},
		"on this machine":    {"http://[::1]:8080/", "Origin", "http://[::1]:8080", web.Cookie{}, 0},
		"an insecure cookie": {"http://shop.test/", "Origin", "http://shop.test", web.Cookie{Insecure: true}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			l := logs(t)
			s := newSite(t, &web.Config{Cookie: c.cookie})
			for range 2 { // it is said once
				w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, c.target, nil)
				r.Header.Set(c.field, c.value)
				s.Handler(s.signIn(t, "ada")).ServeHTTP(w, r)
				is.True(w.Header().Get("Set-Cookie") != "")
			}
			is.Equal(strings.Count(l.String(), "level="), c.want)
			is.Equal(strings.Count(l.String(), "serve TLS, or for development set Cookie.Insecure"), c.want)
		})
	}
	t.Run("without a cookie", func(t *testing.T) {
		is := is.New(t)
		l := logs(t)
		s := newSite(t, nil)
		r := httptest.NewRequest(http.MethodGet, "http://shop.test/", nil)
		r.Header.Set("Referer", "http://shop.test/")
		s.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(httptest.NewRecorder(), r)
		is.Equal(l.String(), "")
	})
}

func TestMisuse_AGoroutineThatOutlivesItsHandler(t *testing.T) {
	is := is.New(t)
	l := logs(t)
	s := newSite(t, nil)
	id := s.stored(t, visitor{})
	returned, done := make(chan struct{}), make(chan struct{})
	s.get(func(_ http.ResponseWriter, r *http.Request) {
		go func() {
			defer close(done)
			<-returned
			for range 2 { // it is said once
				got, err := s.Session(r.Context())
				if err == nil {
					got.Data.Visits++
				}
			}
		}()
	}, id)
	is.Equal(l.String(), "")
	close(returned)
	<-done
	is.Equal(strings.Count(l.String(), "level="), 1)
	is.True(strings.Contains(l.String(), "call Update of sessions.Manager with the session's ID"))
	is.True(!strings.Contains(l.String(), id))
	is.Equal(s.data(t, id).Visits, 0)
}

// framework is a writer like gin's, which its handlers use although the Handler has wrapped it.
type framework struct {
	http.ResponseWriter
	status int
}

func (f *framework) Written() bool { return f.status != 0 }

func (f *framework) Status() int { return f.status }

func (f *framework) WriteHeader(status int) {
	f.status = status
	f.ResponseWriter.WriteHeader(status)
}

func (f *framework) Write(p []byte) (int, error) {
	if f.status == 0 {
		f.status = http.StatusOK
	}
	return f.ResponseWriter.Write(p)
}

func TestMisuse_AResponseThatIsWrittenPastTheHandler(t *testing.T) {
	for name, c := range map[string]struct {
		known, changes bool
		status         int    // 0: the handler writes nothing
		out            string // a call of the store that fails
		calls          string
		logged         int
		body           string
	}{
		"a known session":                {true, true, 200, "", "Load Replace", 1, "hello"},
		"a known one that is only read":  {true, false, 200, "", "Load", 0, "hello"},
		"a known one, half changed":      {true, true, 500, "", "Load", 1, "hello"},
		"a new session":                  {false, true, 200, "", "", 1, "hello"},
		"a new one that stays empty":     {false, false, 200, "", "", 0, "hello"},
		"an outage":                      {true, false, 200, "Load", "Load", 0, "hello"},
		"a save that fails":              {true, true, 200, "Replace", "Load Replace", 1, "hello"},
		"a handler that writes nothing":  {false, true, 0, "", "Create", 0, ""},
		"an outage, and nothing written": {true, false, 0, "Load", "Load", 0, "Service Unavailable\n"},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			l := logs(t)
			s := newSite(t, nil)
			var ids []string
			if c.known {
				ids = []string{s.stored(t, visitor{})}
			}
			if c.out != "" {
				s.store.fails, s.store.on = errOut, c.out
			}
			w := recorder()
			around := &framework{ResponseWriter: w}
			s.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				if got, err := s.Session(r.Context()); err == nil && c.changes {
					got.Data.Visits++
				}
				if c.status != 0 {
					around.WriteHeader(c.status)
					_, _ = around.Write([]byte("hello"))
				}
			})).ServeHTTP(wrapping{around}, request(ids...))
			is.Equal(s.store.took(), c.calls)
			is.Equal(strings.Count(l.String(), "with gin, put the Handler around the engine"), c.logged)
			is.Equal(w.Body.String(), c.body)
			if c.out != "" {
				is.Equal(strings.Count(l.String(), "session store unavailable"), 1)
			}
		})
	}
}

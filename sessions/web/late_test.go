package web_test

import (
	"bytes"
	"context"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/memstore"
	"github.com/dynasession/dynasession/sessions/web"
)

// limited is a context whose deadline passes when the test says so.
type limited struct {
	context.Context
	passed atomic.Bool
}

func (l *limited) Deadline() (time.Time, bool) { return time.Now().Add(time.Hour), true }

func (l *limited) Err() error {
	if l.passed.Load() {
		return context.DeadlineExceeded
	}
	return l.Context.Err()
}

// A handler around the Handler has responded for a request whose deadline has passed.
func TestTrap_AfterTheRequestsDeadlineNothingIsStored(t *testing.T) {
	is := is.New(t)
	var told error
	s := newSite(t, &web.Config{Error: func(w http.ResponseWriter, _ *http.Request, err error) {
		told = err
		w.WriteHeader(web.Status(err))
	}})
	id := s.stored(t, visitor{})
	ctx := &limited{Context: t.Context()}
	w := httptest.NewRecorder()
	s.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.session(t, r).Data.Visits = 7
		ctx.passed.Store(true)
		_, _ = w.Write([]byte("hello"))
	})).ServeHTTP(w, request(id).WithContext(ctx))
	is.Equal(s.store.took(), "Load")
	is.Equal(w.Code, http.StatusServiceUnavailable)
	wants.Err(t, told, context.DeadlineExceeded)
}

// What answers for a handler within the Handler, and whose deadline has passed, has it stop half
// way: whichever of the usual statuses it chooses.
func TestTrap_AnAnswerForAHandlerThatTimedOutStoresNothing(t *testing.T) {
	for _, status := range []int{http.StatusServiceUnavailable, http.StatusGatewayTimeout, http.StatusRequestTimeout} {
		is := is.New(t)
		s := newSite(t, nil)
		id := s.stored(t, visitor{})
		w := s.get(func(w http.ResponseWriter, r *http.Request) {
			ctx := &limited{Context: r.Context()}
			got, err := s.Session(ctx)
			is.NoErr(err)
			got.Data.Visits = 7
			ctx.passed.Store(true)
			w.WriteHeader(status)
		}, id)
		is.Equal(w.Code, status)
		is.Equal(s.store.took(), "Load")
	}
}

// A handler that got an error from any of our methods writes the response itself.
func TestTrap_AHandlerThatWasToldIsNotOverruled(t *testing.T) {
	for name, call := range map[string]func(s site, ctx context.Context) error{
		"Save": func(s site, ctx context.Context) error { return s.Save(ctx) },
		"Update": func(s site, ctx context.Context) error {
			return s.Update(ctx, func(v *visitor) error { v.Visits++; return nil })
		},
		"Renew":        func(s site, ctx context.Context) error { return s.Renew(ctx) },
		"Authenticate": func(s site, ctx context.Context) error { return s.Authenticate(ctx, "u") },
		"Destroy":      func(s site, ctx context.Context) error { return s.Destroy(ctx) },
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			s := newSite(t, &web.Config{Error: func(http.ResponseWriter, *http.Request, error) { t.Error("overruled") }})
			id := s.stored(t, visitor{})
			w := s.get(func(w http.ResponseWriter, r *http.Request) {
				s.session(t, r).Data.Visits = 7
				s.store.fails = errOut
				err := call(s, r.Context())
				wants.Err(t, err, sessions.ErrUnavailable)
				w.WriteHeader(http.StatusTeapot)
				_, _ = w.Write([]byte("later"))
			}, id)
			is.Equal(w.Code, http.StatusTeapot)
			is.Equal(w.Body.String(), "later")
			is.Equal(cookie(t, w), nil)
		})
	}
}

// Handlers around the Handler see the forms that the handler has parsed.
func TestTrap_TheFormsAreSeenAroundTheHandler(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	is.NoErr(form.WriteField("a", "b"))
	is.NoErr(form.Close())
	r := httptest.NewRequest(http.MethodPost, "https://site.test/?c=d", &body)
	r.Header.Set("Content-Type", form.FormDataContentType())
	s.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { is.NoErr(r.ParseMultipartForm(1 << 20)) })).
		ServeHTTP(httptest.NewRecorder(), r)
	is.Equal(r.Form.Get("c"), "d")
	is.Equal(r.PostForm.Get("a"), "b")
	is.Equal(r.MultipartForm.Value["a"], []string{"b"})
}

// A map that was stored as nil is loaded as an empty one, which doesn't count as a change.
func TestTrap_ANilMapThatIsOnlyReadIsNoChange(t *testing.T) {
	is := is.New(t)
	store := &counting{Store: memstore.New(nil)}
	m, err := sessions.New[map[string]any](store, nil)
	is.NoErr(err)
	sess, err := web.New(m, &web.Config{Error: func(_ http.ResponseWriter, _ *http.Request, err error) { t.Error(err) }})
	is.NoErr(err)
	created, err := m.CreateAndSave(t.Context(), nil)
	is.NoErr(err)
	for _, status := range []int{http.StatusOK, http.StatusInternalServerError} {
		store.took()
		logged := logs(t)
		sess.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			got, err := sess.Session(r.Context())
			is.NoErr(err)
			is.Equal(len(got.Data), 0)
			w.WriteHeader(status)
		})).ServeHTTP(httptest.NewRecorder(), request(created.ID().Secret()))
		is.Equal(store.took(), "Load")
		is.Equal(logged.String(), "")
	}
}

// After a login, later calls of the same request use the new session.
func TestTrap_AfterALoginNothingIsWithheldAnyMore(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	r := httptest.NewRequest(http.MethodPost, "https://site.test/", nil)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	w := httptest.NewRecorder()
	s.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		called := false
		err := s.Update(r.Context(), func(*visitor) error { called = true; return nil })
		wants.Err(t, err, web.ErrCookieKept)
		is.True(!called) // what would be refused is not begun
		wants.Err(t, s.Destroy(r.Context()), web.ErrCookieKept)
		is.NoErr(s.Authenticate(r.Context(), "u"))
		is.NoErr(s.Update(r.Context(), func(v *visitor) error { v.Visits++; return nil }))
		is.NoErr(s.Destroy(r.Context()))
	})).ServeHTTP(w, r)
	is.Equal(s.listed(t, "u"), 0)
}

// A signed-in user needs no form secret: the session's ID takes its place.
func TestToken_OfAUserSetsNoCookie(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	c := s.client()
	c.login(t, "u")
	w := c.do(http.MethodGet, "", func(_ http.ResponseWriter, r *http.Request) {
		_, err := s.Token(r.Context())
		is.NoErr(err)
	})
	is.Equal(len(w.Result().Cookies()), 0)
}

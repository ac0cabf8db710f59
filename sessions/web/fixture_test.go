package web_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/memstore"
	"github.com/dynasession/dynasession/sessions/web"
)

// visitor is the application's own struct.
type visitor struct {
	Name   string `json:"name"`
	Visits int    `json:"visits"`
}

// counting is a store that counts its calls, and fails if told to.
type counting struct {
	sessions.Store
	mu    sync.Mutex
	calls []string
	fails error
	on    string // the call that fails; "": all of them
}

func (c *counting) call(name string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls = append(c.calls, name)
	if c.on == "" || c.on == name {
		return c.fails
	}
	return nil
}

// took returns the calls since it was last asked.
func (c *counting) took() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	calls := strings.Join(c.calls, " ")
	c.calls = nil
	return calls
}

func (c *counting) Create(ctx context.Context, rec sessions.Record) error {
	if err := c.call("Create"); err != nil {
		return err
	}
	return c.Store.Create(ctx, rec)
}

func (c *counting) Load(ctx context.Context, key string) (sessions.Record, error) {
	if err := c.call("Load"); err != nil {
		return sessions.Record{}, err
	}
	return c.Store.Load(ctx, key)
}

func (c *counting) Replace(ctx context.Context, rec sessions.Record, rev string) error {
	if err := c.call("Replace"); err != nil {
		return err
	}
	return c.Store.Replace(ctx, rec, rev)
}

func (c *counting) Rename(ctx context.Context, from string, rec sessions.Record, rev string) error {
	if err := c.call("Rename"); err != nil {
		return err
	}
	return c.Store.Rename(ctx, from, rec, rev)
}

func (c *counting) Touch(ctx context.Context, key string, accessed, expires time.Time) error {
	if err := c.call("Touch"); err != nil {
		return err
	}
	return c.Store.Touch(ctx, key, accessed, expires)
}

func (c *counting) Delete(ctx context.Context, key string) error {
	if err := c.call("Delete"); err != nil {
		return err
	}
	return c.Store.Delete(ctx, key)
}

// site is a Middleware with all that a test moves.
type site struct {
	*web.Middleware[visitor]
	manager *sessions.Manager[visitor]
	store   *counting
	mem     *memstore.Store
	clock   *clock.Fake
}

func newSite(t testing.TB, cfg *web.Config) site {
	t.Helper()
	c := clock.NewFake(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
	mem := memstore.New(&memstore.Config{Clock: c})
	store := &counting{Store: mem}
	m, err := sessions.New(store, &sessions.Config[visitor]{Clock: c})
	if err != nil {
		t.Fatal(err)
	}
	mw, err := web.New(m, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return site{mw, m, store, mem, c}
}

// stored returns the ID of a session that is stored.
func (s site) stored(t testing.TB, data visitor) string {
	t.Helper()
	created, err := s.manager.CreateAndSave(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	s.store.took()
	return created.ID().Secret()
}

// data returns what is stored under an ID.
func (s site) data(t testing.TB, id string) visitor {
	t.Helper()
	got, err := s.manager.Load(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	s.store.took()
	return got.Data
}

// get serves a request whose client sends these IDs in its cookies.
func (s site) get(h http.HandlerFunc, ids ...string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.Handler(h).ServeHTTP(w, request(ids...))
	return w
}

func request(ids ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "https://site.test/", nil)
	for _, id := range ids {
		r.AddCookie(&http.Cookie{Name: "__Host-id", Value: id})
	}
	return r
}

// session returns the session of r, which has to be there.
func (s site) session(t testing.TB, r *http.Request) *sessions.Session[visitor] {
	t.Helper()
	got, err := s.Session(r.Context())
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// count counts a visit.
func (s site) count(t testing.TB) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.session(t, r).Data.Visits++
		_, _ = w.Write([]byte("hello"))
	}
}

// cookie returns the only cookie of ours that the answer sets, nil if there is none.
func cookie(t testing.TB, w *httptest.ResponseRecorder) *http.Cookie {
	t.Helper()
	var found *http.Cookie
	for _, c := range w.Result().Cookies() {
		if c.Name != "__Host-id" {
			continue
		}
		if found != nil {
			t.Fatal("two cookies of ours in one answer")
		}
		found = c
	}
	return found
}

package web_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/memstore"
	"github.com/dynasession/dynasession/sessions/web"
)

// visitor is the session data of the tests.
type visitor struct {
	Name   string `json:"name"`
	Visits int    `json:"visits"`
}

// counting is a store that counts its calls, and can fail on demand.
type counting struct {
	sessions.Store
	mu    sync.Mutex
	calls []string
	fails error
	on    string // the call that fails; "": all of them
	hook  func(ctx context.Context, call string)
}

func (c *counting) call(ctx context.Context, name string) error {
	c.mu.Lock()
	c.calls = append(c.calls, name)
	hook, err := c.hook, error(nil)
	if c.on == "" || c.on == name {
		err = c.fails
	}
	c.mu.Unlock()
	if hook != nil {
		hook(ctx, name)
	}
	return err
}

// took returns the calls since the last took.
func (c *counting) took() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	calls := strings.Join(c.calls, " ")
	c.calls = nil
	return calls
}

func (c *counting) Create(ctx context.Context, rec driver.Record) error {
	if err := c.call(ctx, "Create"); err != nil {
		return err
	}
	return c.Store.Create(ctx, rec)
}

func (c *counting) Load(ctx context.Context, key string) (driver.Record, error) {
	if err := c.call(ctx, "Load"); err != nil {
		return driver.Record{}, err
	}
	return c.Store.Load(ctx, key)
}

func (c *counting) LoadAll(ctx context.Context, keys []string) ([]driver.Loaded, error) {
	if err := c.call(ctx, "LoadAll"); err != nil {
		return nil, err
	}
	return c.Store.LoadAll(ctx, keys)
}

func (c *counting) Replace(ctx context.Context, rec driver.Record, rev string) error {
	if err := c.call(ctx, "Replace"); err != nil {
		return err
	}
	return c.Store.Replace(ctx, rec, rev)
}

func (c *counting) Touch(ctx context.Context, key string, accessed, expires time.Time) error {
	if err := c.call(ctx, "Touch"); err != nil {
		return err
	}
	return c.Store.Touch(ctx, key, accessed, expires)
}

func (c *counting) End(ctx context.Context, e driver.End) (driver.Record, error) {
	if err := c.call(ctx, "End"); err != nil {
		return driver.Record{}, err
	}
	return c.Store.End(ctx, e)
}

func (c *counting) LoadRosters(ctx context.Context, keys ...string) ([]driver.Roster, error) {
	if err := c.call(ctx, "LoadRosters"); err != nil {
		return nil, err
	}
	return c.Store.LoadRosters(ctx, keys...)
}

func (c *counting) ChangeRoster(ctx context.Context, change driver.RosterChange) (driver.Roster, error) {
	if err := c.call(ctx, "ChangeRoster"); err != nil {
		return driver.Roster{}, err
	}
	return c.Store.ChangeRoster(ctx, change)
}

// errOut is the error of a store that can't be reached.
var errOut = fmt.Errorf("%w: out", sessions.ErrUnavailable)

// site is a Middleware with its store and clock, which a test controls.
type site struct {
	*web.Middleware[visitor]
	manager *sessions.Manager[visitor]
	store   *counting
	mem     *memstore.Store
	clock   *clock.Fake
}

func newSite(t testing.TB, cfg *web.Config) site {
	t.Helper()
	return newSiteWith(t, cfg, &sessions.Config[visitor]{})
}

// newSiteWith is newSite with a Config of its Manager.
func newSiteWith(t testing.TB, cfg *web.Config, managers *sessions.Config[visitor]) site {
	t.Helper()
	c := clock.NewFake(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
	mem := memstore.New(&memstore.Config{Clock: c})
	store := &counting{Store: mem}
	managers.Clock = c
	m, err := sessions.New(store, managers)
	if err != nil {
		t.Fatal(err)
	}
	mw, err := web.New(m, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return site{mw, m, store, mem, c}
}

// stored stores a session and returns its ID.
func (s site) stored(t testing.TB, data visitor) string {
	t.Helper()
	created, err := s.manager.CreateAndSave(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	s.store.took()
	return created.ID().Secret()
}

// data returns the stored data of an ID.
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

// session returns the session of r, and fails the test on an error.
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

// cookie returns our one cookie in the response, nil if there is none.
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

// client is a browser with one tab: it keeps the cookies that it gets.
type client struct {
	site    site
	cookies map[string]string
	set     map[string]string // by the last response
	header  http.Header       // of its requests
}

func (s site) client() *client { return &client{site: s, cookies: map[string]string{}} }

// copy returns a client with the cookies that c has now: a request that has been sent, and is
// answered later.
func (c *client) copy() *client {
	return &client{site: c.site, cookies: maps.Clone(c.cookies)}
}

// take keeps the cookies of a response that comes late.
func (c *client) take(late *client) { maps.Copy(c.cookies, late.cookies) }

func (c *client) request(method, body string) *http.Request {
	r := httptest.NewRequest(method, "https://site.test/", strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, name := range slices.Sorted(maps.Keys(c.cookies)) {
		r.AddCookie(&http.Cookie{Name: name, Value: c.cookies[name]})
	}
	for field, values := range c.header {
		r.Header[http.CanonicalHeaderKey(field)] = values
	}
	return r
}

// do sends a request to a handler.
func (c *client) do(method, body string, h http.HandlerFunc) *httptest.ResponseRecorder {
	return c.serve(c.site.Handler(h), c.request(method, body))
}

// serve sends a request to a handler with everything around it.
func (c *client) serve(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	c.set = map[string]string{}
	for _, set := range w.Result().Cookies() {
		if set.MaxAge < 0 {
			delete(c.cookies, set.Name)
		} else {
			c.cookies[set.Name], c.set[set.Name] = set.Value, set.Value
		}
	}
	return w
}

func (c *client) login(t testing.TB, subject string) *httptest.ResponseRecorder {
	t.Helper()
	return c.do(http.MethodPost, "", func(_ http.ResponseWriter, r *http.Request) {
		if err := c.site.Authenticate(r.Context(), subject); err != nil {
			t.Error(err)
		}
	})
}

// seen returns the subject and the data of the client's session.
func (c *client) seen(t testing.TB) (subject string, data visitor) {
	t.Helper()
	c.do(http.MethodGet, "", func(_ http.ResponseWriter, r *http.Request) {
		s := c.site.session(t, r)
		subject, data = s.Subject(), s.Data
	})
	return subject, data
}

func recorder() *httptest.ResponseRecorder { return httptest.NewRecorder() }

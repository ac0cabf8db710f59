package web_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/integration/device"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/event"
	"github.com/dynasession/dynasession/sessions/memstore"
	"github.com/dynasession/dynasession/sessions/web"
)

// boundEpoch is the first time in tests of device-bound sessions.
var boundEpoch = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// boundSite is an application with device-bound sessions, with its store and clock, which a test
// controls.
type boundSite struct {
	*web.Middleware[boundVisitor]
	manager *sessions.Manager[boundVisitor]
	store   *boundStore
	clock   *clock.Fake
	events  *eventList
	routes  http.Handler
}

type boundVisitor struct {
	Count int `json:"count"`
}

// eventList keeps the events that matter here.
type eventList struct {
	mu   sync.Mutex
	list []event.Event
	also event.Observer // if not nil
}

func (l *eventList) Observe(ctx context.Context, e event.Event) {
	l.mu.Lock()
	l.list = append(l.list, e)
	l.mu.Unlock()
	if l.also != nil {
		l.also.Observe(ctx, e)
	}
}

// of returns the events of a kind.
func (l *eventList) of(kind event.Kind) (found []event.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.list {
		if e.Kind == kind {
			found = append(found, e)
		}
	}
	return found
}

// boundStore counts calls, and fails on demand.
type boundStore struct {
	sessions.Store
	mu     sync.Mutex
	calls  []string
	fails  error
	before func(call string) // called before each call, without a lock
}

func (s *boundStore) call(name string) error {
	s.mu.Lock()
	s.calls = append(s.calls, name)
	err, before := s.fails, s.before
	s.mu.Unlock()
	if before != nil {
		before(name)
	}
	return err
}

// took returns the calls since the last took.
func (s *boundStore) took() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := strings.Join(s.calls, " ")
	s.calls = nil
	return calls
}

func (s *boundStore) setFails(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fails = err
}

func (s *boundStore) Create(ctx context.Context, rec driver.Record) error {
	if err := s.call("Create"); err != nil {
		return err
	}
	return s.Store.Create(ctx, rec)
}

func (s *boundStore) Load(ctx context.Context, key string) (driver.Record, error) {
	if err := s.call("Load"); err != nil {
		return driver.Record{}, err
	}
	return s.Store.Load(ctx, key)
}

func (s *boundStore) Replace(ctx context.Context, rec driver.Record, rev string) error {
	if err := s.call("Replace"); err != nil {
		return err
	}
	return s.Store.Replace(ctx, rec, rev)
}

func (s *boundStore) Touch(ctx context.Context, key string, accessed, expires time.Time) error {
	if err := s.call("Touch"); err != nil {
		return err
	}
	return s.Store.Touch(ctx, key, accessed, expires)
}

func (s *boundStore) Bind(ctx context.Context, key string, binding, was []byte) error {
	if err := s.call("Bind"); err != nil {
		return err
	}
	return s.Store.Bind(ctx, key, binding, was)
}

func newBoundSite(t testing.TB, cfg web.Config) *boundSite {
	t.Helper()
	c := clock.NewFake(boundEpoch)
	s := &boundSite{clock: c, events: &eventList{}, store: &boundStore{Store: memstore.New(&memstore.Config{Clock: c})}}
	var err error
	s.manager, err = sessions.New(s.store, &sessions.Config[boundVisitor]{Clock: c, Observer: s.events})
	if err != nil {
		t.Fatal(err)
	}
	s.configure(t, cfg)
	return s
}

// configure replaces the middleware, like a deploy.
func (s *boundSite) configure(t testing.TB, cfg web.Config) {
	t.Helper()
	mw, err := web.New(s.manager, &cfg)
	if err != nil {
		t.Fatal(err)
	}
	s.Middleware = mw
	mux := http.NewServeMux()
	show := func(w http.ResponseWriter, r *http.Request) {
		v, err := mw.Session(r.Context())
		if err != nil {
			http.Error(w, err.Error(), web.Status(err))
			return
		}
		_, _ = fmt.Fprintf(w, "%s %d", v.Subject(), v.Data.Count)
	}
	mux.HandleFunc("/", show)
	mux.HandleFunc("/count", func(w http.ResponseWriter, r *http.Request) {
		v, err := mw.Session(r.Context())
		if err != nil {
			http.Error(w, err.Error(), web.Status(err))
			return
		}
		v.Data.Count++
		show(w, r)
	})
	act := func(f func(r *http.Request) error) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if err := f(r); err != nil {
				http.Error(w, err.Error(), web.Status(err))
			}
		}
	}
	mux.HandleFunc("/login/{name}", act(func(r *http.Request) error {
		if r.FormValue("keep") != "" {
			if err := mw.Persist(r.Context(), true); err != nil {
				return err
			}
		}
		return mw.Authenticate(r.Context(), r.PathValue("name"))
	}))
	mux.HandleFunc("/client/login/{name}", act(func(r *http.Request) error {
		if err := mw.UseHeader(r); err != nil {
			return err
		}
		return mw.Authenticate(r.Context(), r.PathValue("name"))
	}))
	mux.HandleFunc("/update", act(func(r *http.Request) error {
		return mw.Update(r.Context(), func(v *boundVisitor) error { v.Count++; return nil })
	}))
	mux.HandleFunc("/peek", func(w http.ResponseWriter, r *http.Request) {
		v, err := mw.Peek(r.Context())
		if err != nil {
			http.Error(w, err.Error(), web.Status(err))
			return
		}
		_, _ = fmt.Fprintf(w, "%s %d", v.Subject(), v.Data.Count)
	})
	mux.HandleFunc("/renew", act(func(r *http.Request) error { return mw.Renew(r.Context()) }))
	mux.HandleFunc("/save", act(func(r *http.Request) error { return mw.Save(r.Context()) }))
	mux.HandleFunc("/logout", act(func(r *http.Request) error { return mw.Destroy(r.Context()) }))
	mux.Handle("/guarded", mw.RequireBound(http.HandlerFunc(show)))
	mux.Handle("/mine", mw.RequireSubject(http.HandlerFunc(show)))
	s.routes = mw.Handler(mux)
}

// boundClient is a browser: it keeps cookies, and signs challenges.
type boundClient struct {
	t       testing.TB
	site    *boundSite
	signer  device.Signer
	cookies map[string]string
	id      string // of the browser's session
	next    string // the challenge to sign next
}

const (
	theCookie      = "__Host-id"
	theBoundCookie = "__Host-id-bound"
)

func (s *boundSite) client(t testing.TB) *boundClient {
	return &boundClient{t: t, site: s, signer: device.NewES256(t), cookies: map[string]string{}}
}

// copy returns another client with these of c's cookies, and its own key.
func (c *boundClient) copy(names ...string) *boundClient {
	thief := c.site.client(c.t)
	for _, name := range names {
		if c.cookies[name] == "" {
			c.t.Helper()
			c.t.Fatalf("there is no %s to copy", name)
		}
		thief.cookies[name] = c.cookies[name]
	}
	return thief
}

// send sends a request with headers, and keeps the response's cookies.
func (c *boundClient) send(method, target string, headers ...string) *http.Response {
	c.t.Helper()
	r := httptest.NewRequest(method, "https://site.test"+target, nil)
	for _, name := range slices.Sorted(mapKeys(c.cookies)) {
		r.AddCookie(&http.Cookie{Name: name, Value: c.cookies[name]})
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	c.site.routes.ServeHTTP(w, r)
	response := w.Result()
	for _, cookie := range response.Cookies() {
		if cookie.MaxAge < 0 {
			delete(c.cookies, cookie.Name)
		} else {
			c.cookies[cookie.Name] = cookie.Value
		}
	}
	return response
}

func mapKeys(m map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// get returns the status and body of a page.
func (c *boundClient) get(target string) (int, string) {
	c.t.Helper()
	response := c.send(http.MethodGet, target)
	body, err := io.ReadAll(response.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return response.StatusCode, strings.TrimSpace(string(body))
}

// page returns the body of a page that must be there.
func (c *boundClient) page(target string) string {
	c.t.Helper()
	status, body := c.get(target)
	if status != http.StatusOK {
		c.t.Fatalf("%s: %d %s", target, status, body)
	}
	return body
}

// login signs in, and returns where to register, and the challenge.
func (c *boundClient) login(name string) (path, challenge string) {
	c.t.Helper()
	response := c.send(http.MethodPost, "/login/"+name)
	if response.StatusCode != http.StatusOK {
		c.t.Fatalf("login: %d", response.StatusCode)
	}
	header := response.Header.Get("Secure-Session-Registration")
	if header == "" {
		return "", ""
	}
	parts := strings.Split(header, `"`)
	if len(parts) != 5 || parts[0] != "(ES256 RS256);path=" || parts[2] != ";challenge=" {
		c.t.Fatalf("%q", header)
	}
	return parts[1], parts[3]
}

// instructions is the response to a registration.
type instructions struct {
	Identifier string `json:"session_identifier"`
	RefreshURL string `json:"refresh_url"`
	Scope      struct {
		IncludeSite bool `json:"include_site"`
	} `json:"scope"`
	Credentials []struct{ Type, Name, Attributes string } `json:"credentials"`
}

// register sends a registration and returns the answer.
func (c *boundClient) register(path, jwt string) (*http.Response, instructions) {
	c.t.Helper()
	response := c.send(http.MethodPost, path, "Secure-Session-Response", jwt, "Origin", "https://site.test", "Sec-Fetch-Site", "same-origin")
	var told instructions
	if response.StatusCode == http.StatusOK {
		if err := json.NewDecoder(response.Body).Decode(&told); err != nil {
			c.t.Fatal(err)
		}
		c.id = told.Identifier
	}
	c.challenged(response)
	return response, told
}

// challenged takes the challenge of an answer.
func (c *boundClient) challenged(response *http.Response) {
	c.t.Helper()
	header := response.Header.Get("Secure-Session-Challenge")
	if header == "" {
		return
	}
	parts := strings.Split(header, `"`)
	if len(parts) != 5 || parts[2] != ";id=" || parts[3] != c.id {
		c.t.Fatalf("%q", header)
	}
	c.next = parts[1]
}

// signIn signs in and registers.
func (c *boundClient) signIn(name string) {
	c.t.Helper()
	path, challenge := c.login(name)
	if response, _ := c.register(path, c.signer.Registration(c.t, challenge)); response.StatusCode != http.StatusOK {
		c.t.Fatalf("registration: %d", response.StatusCode)
	}
}

// refreshWith sends a refresh with a JWT; "" for none.
func (c *boundClient) refreshWith(jwt string) *http.Response {
	c.t.Helper()
	headers := []string{"Sec-Secure-Session-Id", c.id}
	if jwt != "" {
		headers = append(headers, "Secure-Session-Response", jwt)
	}
	response := c.send(http.MethodPost, "/.dbsc/refresh", headers...)
	c.challenged(response)
	return response
}

// refresh refreshes like a browser: with the challenge that it has, and again if the response has
// another one.
func (c *boundClient) refresh() int {
	c.t.Helper()
	response := c.refreshWith(c.signer.Refresh(c.t, c.next))
	if response.StatusCode == http.StatusForbidden {
		response = c.refreshWith(c.signer.Refresh(c.t, c.next))
	}
	return response.StatusCode
}

// expire drops the bound cookie, as if it had expired.
func (c *boundClient) expire() { delete(c.cookies, theBoundCookie) }

package browser

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/event"
	"github.com/dynasession/dynasession/sessions/memstore"
	"github.com/dynasession/dynasession/sessions/web"
)

// patience is how long a test waits for something that the browser does on its own.
const patience = 20 * time.Second

// site is an application with device-bound sessions, over TLS.
type site struct {
	*httptest.Server
	manager *sessions.Manager[visitor]
	store   *boundStore
	clock   *clock.Fake
	handler atomic.Pointer[http.Handler]

	mu       sync.Mutex
	requests []*http.Request // without their bodies
	events   []event.Event
	happened chan struct{} // closed and replaced at each request and event
}

type visitor struct {
	Count int
	Note  string
}

// boundStore counts calls, and can be made unreachable.
type boundStore struct {
	sessions.Store
	mu    sync.Mutex
	calls []string
	down  bool
}

func (s *boundStore) call(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, name)
	if s.down {
		return fmt.Errorf("%w: out of reach", sessions.ErrUnavailable)
	}
	return nil
}

func (s *boundStore) setDown(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

// took returns the calls since it was last called.
func (s *boundStore) took() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := s.calls
	s.calls = nil
	return calls
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

// newSite starts an application whose middleware has the configuration cfg.
func newSite(t *testing.T, cfg web.Config) *site {
	t.Helper()
	s := &site{clock: clock.NewFake(time.Now()), happened: make(chan struct{})}
	s.store = &boundStore{Store: memstore.New(&memstore.Config{Clock: s.clock})}
	var err error
	if s.manager, err = sessions.New(s.store, &sessions.Config[visitor]{Clock: s.clock, Observer: s}); err != nil {
		t.Fatal(err)
	}
	s.configure(t, cfg)
	s.Server = httptest.NewUnstartedServer(s.recorded(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*s.handler.Load()).ServeHTTP(w, r) })))
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// configure replaces the middleware, as a deploy would.
func (s *site) configure(t *testing.T, cfg web.Config) {
	t.Helper()
	sess, err := web.New(s.manager, &cfg)
	if err != nil {
		t.Fatal(err)
	}
	h := sess.Handler(routes(sess))
	s.handler.Store(&h)
}

// Observe records an event.
func (s *site) Observe(_ context.Context, e event.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, e)
	s.announce()
}

func (s *site) announce() {
	close(s.happened)
	s.happened = make(chan struct{})
}

// recorded records each request after it has been answered.
func (s *site) recorded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.requests = append(s.requests, r)
		s.announce()
	})
}

// await waits until have returns true. It calls have after each request and event.
func (s *site) await(t *testing.T, what string, have func() bool) {
	t.Helper()
	late := time.After(patience)
	for {
		s.mu.Lock()
		ok, happened := have(), s.happened
		s.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-happened:
		case <-late:
			t.Fatalf("%s: not within %v", what, patience)
		}
	}
}

// seen returns the number of requests for a path. The caller must hold the lock.
func (s *site) seen(path string) (n int) {
	for _, r := range s.requests {
		if r.URL.Path == path {
			n++
		}
	}
	return n
}

// count returns the number of requests for a path.
func (s *site) count(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen(path)
}

// sent returns the headers of the last request for a path.
func (s *site) sent(path string) http.Header {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found http.Header
	for _, r := range s.requests {
		if r.URL.Path == path {
			found = r.Header
		}
	}
	return found
}

// challengeOf returns the challenge that a JWT signs.
func challengeOf(t *testing.T, jwt string) string {
	t.Helper()
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		t.Fatalf("%q is not a JWT", jwt)
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims struct{ JTI string }
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	return claims.JTI
}

// kinds returns the number of events of a kind.
func (s *site) kinds(kind event.Kind) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.events {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

// awaitBound waits until n sessions have been bound.
func (s *site) awaitBound(t *testing.T, n int) {
	t.Helper()
	s.await(t, "a registration", func() bool {
		bound := 0
		for _, e := range s.events {
			if e.Kind == event.Bound {
				bound++
			}
		}
		return bound >= n
	})
}

// forget drops the recorded requests and calls.
func (s *site) forget() {
	s.mu.Lock()
	s.requests = nil
	s.mu.Unlock()
	s.store.took()
}

func routes(sess *web.Middleware[visitor]) http.Handler {
	mux := http.NewServeMux()
	page := func(f func(w http.ResponseWriter, r *http.Request, v *sessions.Session[visitor])) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			v, err := sess.Session(r.Context())
			if err != nil {
				http.Error(w, err.Error(), web.Status(err))
				return
			}
			f(w, r, v)
		}
	}
	show := func(w http.ResponseWriter, v *sessions.Session[visitor], more string) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprintf(w, "<p id=answer>%s %d %s</p>", html.EscapeString(v.Subject()), v.Data.Count, html.EscapeString(more))
	}
	mux.Handle("GET /", page(func(w http.ResponseWriter, _ *http.Request, v *sessions.Session[visitor]) { show(w, v, "") }))
	mux.Handle("GET /login/{name}", page(func(w http.ResponseWriter, r *http.Request, v *sessions.Session[visitor]) {
		v.Persist = r.FormValue("keep") != ""
		if err := sess.Authenticate(r.Context(), r.PathValue("name")); err != nil {
			http.Error(w, err.Error(), web.Status(err))
			return
		}
		http.Redirect(w, r, "/land", http.StatusSeeOther)
	}))
	// The page that follows a login changes the session while the browser registers.
	mux.Handle("GET /land", page(func(w http.ResponseWriter, _ *http.Request, v *sessions.Session[visitor]) {
		v.Data.Count++
		show(w, v, "")
	}))
	mux.Handle("POST /note", page(func(w http.ResponseWriter, r *http.Request, v *sessions.Session[visitor]) {
		body, _ := io.ReadAll(r.Body)
		v.Data.Note = string(body)
		show(w, v, v.Data.Note)
	}))
	mux.Handle("GET /devices", page(func(w http.ResponseWriter, r *http.Request, v *sessions.Session[visitor]) {
		list, err := sess.Sessions(r.Context())
		if err != nil {
			http.Error(w, err.Error(), web.Status(err))
			return
		}
		var bound []string
		for _, info := range list {
			bound = append(bound, fmt.Sprint(info.Bound))
		}
		show(w, v, strings.Join(bound, " "))
	}))
	mux.HandleFunc("GET /renew", func(w http.ResponseWriter, r *http.Request) {
		if err := sess.Renew(r.Context()); err != nil {
			http.Error(w, err.Error(), web.Status(err))
			return
		}
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})
	mux.HandleFunc("GET /logout", func(w http.ResponseWriter, r *http.Request) {
		if err := sess.Destroy(r.Context()); err != nil {
			http.Error(w, err.Error(), web.Status(err))
			return
		}
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})
	mux.Handle("GET /guarded", sess.RequireBound(page(func(w http.ResponseWriter, _ *http.Request, v *sessions.Session[visitor]) { show(w, v, "guarded") })))
	// The code of docs/bound.md, for pages to which links of other sites lead.
	mux.Handle("GET /linked", page(func(w http.ResponseWriter, r *http.Request, v *sessions.Session[visitor]) {
		_, err := r.Cookie(longCookie)
		linked := r.Header.Get("Sec-Fetch-Site") == "cross-site" && r.Header.Get("Sec-Fetch-Mode") == "navigate"
		if v.IsNew() && err == nil && linked {
			w.Header().Set("Refresh", "0")
			return
		}
		show(w, v, "")
	}))
	mux.HandleFunc("GET /favicon.ico", http.NotFound)
	return mux
}

// chromium is a browser that supports bound sessions, with keys in software.
type chromium struct {
	tab    context.Context
	cancel context.CancelFunc
}

const (
	boundFeatures = "DeviceBoundSessions:RefreshQuota/false,EnableBoundSessionCredentialsSoftwareKeysForManualTesting"
	boundCookie   = "__Host-id-bound"
	longCookie    = "__Host-id"
	register      = "/.dbsc/register"
	refresh       = "/.dbsc/refresh"
)

// open starts a browser with its profile in dir. It trusts the site's certificate.
func (s *site) open(t *testing.T, dir, features string) *chromium {
	t.Helper()
	sum := sha256.Sum256(s.Certificate().RawSubjectPublicKeyInfo)
	return launch(t, dir, features, base64.StdEncoding.EncodeToString(sum[:]))
}

// launch starts a browser with its profile in dir. It trusts the certificate whose key has the
// given hash.
func launch(t *testing.T, dir, features, hash string) *chromium {
	t.Helper()
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(path(t)), chromedp.NoSandbox, chromedp.UserDataDir(dir),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("ignore-certificate-errors-spki-list", hash))
	if features != "" {
		options = append(options, chromedp.Flag("enable-features", features))
	}
	allocator, cancelAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	tab, cancelTab := chromedp.NewContext(allocator)
	c := &chromium{tab: tab, cancel: sync.OnceFunc(func() {
		_ = chromedp.Cancel(tab) // ends the browser properly, so that it saves its profile
		cancelTab()
		cancelAllocator()
	})}
	t.Cleanup(c.cancel)
	do(t, tab)
	return c
}

// visit loads a page and returns the text it shows.
func (c *chromium) visit(t *testing.T, url string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(c.tab, patience)
	defer cancel()
	do(t, ctx, chromedp.Navigate(url), visible("#answer"))
	return text(t, ctx, "#answer")
}

// eval runs a script in the page and returns the string to which its promise resolves.
func (c *chromium) eval(t *testing.T, script string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(c.tab, patience)
	defer cancel()
	out, err := chromedp.Run(ctx, chromedp.Evaluate[string](script, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// expire deletes the bound cookie, as the browser does when it expires.
func (c *chromium) expire(t *testing.T, s *site) {
	t.Helper()
	_, err := chromedp.Run(c.tab, func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, target, network.DeleteCookies, network.DeleteCookiesParams{Name: boundCookie, URL: s.URL})
		return chromedp.Void{}, err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// signIn signs in and waits until the session is bound.
func (c *chromium) signIn(t *testing.T, s *site, name string) {
	t.Helper()
	bound := s.kinds(event.Bound)
	c.visit(t, s.URL+"/login/"+name)
	s.awaitBound(t, bound+1)
	s.await(t, "the registration's answer", func() bool { return s.seen(register) > 0 })
}

// thief makes a request from another machine with the named cookies of the browser.
func (s *site) thief(t *testing.T, path string, cookies map[string]*network.Cookie, names ...string) (status int, body string, set []string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if cookies[name] == nil {
			t.Fatalf("the browser has no %s", name)
		}
		r.AddCookie(&http.Cookie{Name: name, Value: cookies[name].Value})
	}
	response, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text), response.Header.Values("Set-Cookie")
}

// registers performs an action, and waits until the browser has registered a key in response.
func (c *chromium) registers(t *testing.T, trigger chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(c.tab, patience)
	defer cancel()
	_, err := chromedp.Run(ctx, func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, target, network.EnableDeviceBoundSessions, network.EnableDeviceBoundSessionsParams{Enable: true})
		return chromedp.Void{}, err
	})
	if err != nil {
		t.Fatal(err)
	}
	e, err := chromedp.Run(ctx, chromedp.WaitEvent(network.DeviceBoundSessionEventOccurred,
		func(e network.EventDeviceBoundSessionEventOccurred) bool { return e.CreationEventDetails != nil }, trigger))
	if err != nil {
		t.Fatal(err)
	}
	if !e.Succeeded {
		t.Fatalf("registration: %s", e.CreationEventDetails.FetchResult)
	}
}

package main

import (
	"context"
	"fmt"
	"html"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/memstore"
)

// browser is a client with its own cookies that remembers the page it shows.
type browser struct {
	*http.Client
	t    *testing.T
	url  string
	page string // the page it shows
	code int
}

// failing is a store that can be made unreachable.
type failing struct {
	*memstore.Store
	out bool
}

func (f *failing) Load(ctx context.Context, key string) (driver.Record, error) {
	if f.out {
		return driver.Record{}, fmt.Errorf("%w: out", sessions.ErrUnavailable)
	}
	return f.Store.Load(ctx, key)
}

func serve(t *testing.T) (*httptest.Server, *failing, *memstore.Store) {
	t.Helper()
	mem := memstore.New(nil)
	store := &failing{Store: mem}
	app, err := newApp(store, 0, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewTLSServer(app) // a cookie jar sends Secure cookies only over TLS
	t.Cleanup(server.Close)
	return server, store, mem
}

func newBrowser(t *testing.T, server *httptest.Server) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{Client: &http.Client{Transport: server.Client().Transport, Jar: jar}, t: t, url: server.URL}
}

func (b *browser) read(response *http.Response, err error) *browser {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	var page strings.Builder
	if _, err := fmt.Fprint(&page, readAll(response)); err != nil {
		b.t.Fatal(err)
	}
	b.page, b.code = page.String(), response.StatusCode
	return b
}

func (b *browser) open(path string) *browser { b.t.Helper(); return b.read(b.Get(b.url + path)) }

// submit posts the form of the current page.
func (b *browser) submit(path string, fields ...string) *browser {
	b.t.Helper()
	form := url.Values{}
	for _, m := range regexp.MustCompile(`name="(csrf_token|next)" value="([^"]*)"`).FindAllStringSubmatch(b.page, -1) {
		form.Set(m[1], html.UnescapeString(m[2]))
	}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return b.read(b.PostForm(b.url+path, form))
}

func (b *browser) login(name string) *browser {
	b.t.Helper()
	return b.open("/login").submit("/login", "name", name, "password", password)
}

func (b *browser) shows(what string) {
	b.t.Helper()
	if !strings.Contains(b.page, what) {
		b.t.Errorf("no %q in\n%s", what, b.page)
	}
}

func TestApp_WhoOnlyLooksGetsNoSession(t *testing.T) {
	server, _, mem := serve(t)
	newBrowser(t, server).open("/").shows(`class="count">0<`)
	newBrowser(t, server).open("/static/style.css").shows("--ink")
	is.New(t).Equal(mem.Len(), 0)
}

func TestApp_ANumberStaysOnesOwnThroughTheLogin(t *testing.T) {
	server, _, mem := serve(t)
	b := newBrowser(t, server)
	b.open("/").submit("/count").submit("/count").shows(`class="count">2<`)
	b.login("somebody").shows("Hello, <span id=\"subject\">somebody</span>")
	b.shows(`class="count">2<`)
	b.submit("/logout").shows("Hello, whoever you are")
	b.shows(`class="count">0<`)
	is.New(t).Equal(mem.Len(), 0)
}

func TestApp_AWrongPassword(t *testing.T) {
	is := is.New(t)
	server, _, _ := serve(t)
	b := newBrowser(t, server).open("/login").submit("/login", "name", "somebody", "password", "guess")
	is.Equal(b.code, http.StatusUnauthorized)
	b.shows("don&#39;t match")
	b.open("/").shows("whoever you are")
}

func TestApp_WhoIsSentToTheLoginComesBack(t *testing.T) {
	server, _, _ := serve(t)
	b := newBrowser(t, server)
	b.open("/devices").shows("<h1>Sign in</h1>")
	b.submit("/login", "name", "somebody", "password", password).shows("<h1>Your devices</h1>")
	b.open("/password").shows("signed in a moment ago")
}

func TestApp_ALoginWithoutItsFormIsRefused(t *testing.T) {
	is := is.New(t)
	server, _, mem := serve(t)
	b := newBrowser(t, server)
	b.submit("/login", "name", "somebody", "password", password) // without a page: no token
	is.Equal(b.code, http.StatusForbidden)
	is.Equal(mem.Len(), 0)
}

func TestApp_AnOutageSignsNobodyOut(t *testing.T) {
	is := is.New(t)
	server, store, _ := serve(t)
	b := newBrowser(t, server).login("somebody")
	store.out = true
	is.Equal(b.open("/devices").code, http.StatusServiceUnavailable)
	b.shows("You are not signed out")
	store.out = false
	b.open("/devices").shows("This device")
}

func TestApp_AnotherSitesPostIsRefused(t *testing.T) {
	is := is.New(t)
	server, _, _ := serve(t)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/count", nil)
	is.NoErr(err)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	response, err := server.Client().Do(r)
	is.NoErr(err)
	is.NoErr(response.Body.Close())
	is.Equal(response.StatusCode, http.StatusForbidden)
}

func TestApp_ItsLogIsWhatASecurityTeamReads(t *testing.T) {
	is := is.New(t)
	var log strings.Builder
	app, err := newApp(memstore.New(nil), 0, slog.New(slog.NewTextHandler(&log, nil)))
	is.NoErr(err)
	server := httptest.NewTLSServer(app)
	b := newBrowser(t, server).login("somebody")
	u, err := url.Parse(server.URL)
	is.NoErr(err)
	id := ""
	for _, c := range b.Jar.Cookies(u) {
		if c.Name == "__Host-id" {
			id = c.Value
		}
	}
	b.submit("/logout")
	b.Jar.SetCookies(u, []*http.Cookie{{Name: "__Host-id", Value: "forged", Path: "/", Secure: true}})
	b.open("/")
	server.Close() // waits for the handlers, which may write to the log
	for _, want := range []string{
		"level=INFO msg=\"session authenticated\" op=authenticate event=authn_login_success session=", "subject=somebody",
		"level=INFO msg=\"session destroyed\" op=destroy event=session_logout session=",
		"level=WARN msg=\"session invalid ID\" op=load event=malicious_extraneous session=",
	} {
		is.True(strings.Contains(log.String(), want))
	}
	is.True(!strings.Contains(log.String(), id))
	is.True(!strings.Contains(log.String(), password))
}

func TestApp_ADoubleClickOnTheLoginLeavesOneSession(t *testing.T) {
	is := is.New(t)
	server, _, mem := serve(t)
	b := newBrowser(t, server).open("/login")
	is.Equal(mem.Len(), 0) // showing the form stores nothing
	form := b.page
	b.submit("/login", "name", "somebody", "password", password)
	b.page = form // a form loaded before the login, as in another tab
	b.submit("/login", "name", "somebody", "password", password).shows("somebody")
	is.Equal(mem.Len(), 1)
	b.page = form
	b.submit("/login", "name", "another", "password", password).shows("another")
	is.Equal(mem.Len(), 1) // only the last login's session is left
}

func TestApp_KeepMeSignedIn(t *testing.T) {
	is := is.New(t)
	server, _, _ := serve(t)
	for keep, want := range map[string]int{"yes": 30 * 24 * 3600, "": 0} {
		b := newBrowser(t, server).open("/login")
		b.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		form := url.Values{"name": {"somebody"}, "password": {password}, "keep": {keep}}
		form.Set("csrf_token", regexp.MustCompile(`name="csrf_token" value="([^"]*)"`).FindStringSubmatch(b.page)[1])
		response, err := b.PostForm(b.url+"/login", form)
		is.NoErr(err)
		is.NoErr(response.Body.Close())
		for _, c := range response.Cookies() {
			if c.Name == "__Host-id" {
				is.True(c.MaxAge == want || c.MaxAge == want-1)
			}
		}
	}
}

func TestApp_AMessageIsShownOnce(t *testing.T) {
	is := is.New(t)
	server, _, _ := serve(t)
	b := newBrowser(t, server).login("somebody")
	b.shows("Welcome, somebody.")
	is.True(!strings.Contains(b.open("/").page, "Welcome"))
}

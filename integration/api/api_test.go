package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
	"github.com/matryer/is"

	"github.com/dynasession/dynasession/integration/engine"
	"github.com/dynasession/dynasession/sessions"
)

// A world is the application, served over TLS with its table, and its provider.
type world struct {
	t        *testing.T
	url      string
	client   *http.Client // trusts the application's certificate
	provider *issuer
	store    sessions.Store
	log      *lockedBuffer
}

type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, provider: newIssuer(t), store: engine.Store(t, engine.NewTable(t)), log: &lockedBuffer{}}
	var handler http.Handler
	server := httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { handler.ServeHTTP(rw, r) }))
	t.Cleanup(server.Close)
	w.url, w.client = server.URL, server.Client()
	var err error
	handler, err = newAPI(t.Context(), w.store, provider{w.provider.server.URL, clientID, clientSecret, server.URL}, slog.New(slog.NewTextHandler(w.log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// A caller is a browser that keeps cookies, or a client that keeps a token.
type caller struct {
	w      *world
	client *http.Client
	token  string
}

func (w *world) browser() *caller {
	jar, _ := cookiejar.New(nil)
	return &caller{w: w, client: &http.Client{Transport: w.client.Transport, Jar: jar}}
}

// signedIn returns a browser after the user has signed in through the provider.
func (w *world) signedIn(user, sid string) *caller {
	w.t.Helper()
	w.provider.next(user, sid)
	b := w.browser()
	if status, body := b.do("GET", "/login", ""); status != http.StatusOK || !strings.Contains(body, user) {
		w.t.Fatalf("login: %d %s", status, body)
	}
	return b
}

// bearer returns a client after it has signed in with an ID token.
func (w *world) bearer(user, sid string) *caller {
	w.t.Helper()
	c := &caller{w: w, client: &http.Client{Transport: w.client.Transport}}
	body, _ := json.Marshal(map[string]string{"idToken": w.provider.sign(w.provider.idToken(claims{"sub": user, "sid": sid}))})
	r, err := c.client.Post(w.url+"/token", "application/json", bytes.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	defer r.Body.Close()
	c.token = r.Header.Get("Authorization")
	if r.StatusCode != http.StatusNoContent || !strings.HasPrefix(c.token, "Bearer ") || len(r.Cookies()) != 0 {
		w.t.Fatalf("token: %d", r.StatusCode)
	}
	return c
}

func (c *caller) do(method, path, body string) (int, string) {
	c.w.t.Helper()
	r, err := http.NewRequestWithContext(c.w.t.Context(), method, c.w.url+path, strings.NewReader(body))
	if err != nil {
		c.w.t.Fatal(err)
	}
	if c.token != "" {
		r.Header.Set("Authorization", c.token)
	}
	a, err := c.client.Do(r)
	if err != nil {
		c.w.t.Fatal(err)
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	if err != nil {
		c.w.t.Fatal(err)
	}
	return a.StatusCode, string(text)
}

// alive reports whether the caller is signed in.
func (c *caller) alive() bool {
	c.w.t.Helper()
	status, _ := c.do("GET", "/me", "")
	return status == http.StatusOK
}

func TestAPI_ByCookie(t *testing.T) {
	is := is.New(t)
	w := newWorld(t)
	b := w.browser()
	is.True(!b.alive())
	b = w.signedIn("ada", "p1")
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() { b.do("POST", "/count", "") })
	}
	all.Wait()
	_, body := b.do("GET", "/me", "")
	is.Equal(body, `{"count":5,"subject":"ada"}`+"\n") // no count is lost

	status, _ := b.do("POST", "/logout", "")
	is.Equal(status, http.StatusNoContent)
	is.True(!b.alive())
}

func TestAPI_ByBearer(t *testing.T) {
	is := is.New(t)
	w := newWorld(t)
	c := w.bearer("ada", "p1")
	is.True(c.alive())
	status, body := c.do("POST", "/count", "")
	is.Equal(status, http.StatusOK)
	is.Equal(body, `{"count":1,"subject":"ada"}`+"\n")

	b := w.signedIn("ada", "p1")
	_, body = b.do("GET", "/sessions", "")
	is.Equal(strings.Count(body, `"handle"`), 2) // both sessions are hers
	b.token = c.token
	status, _ = b.do("GET", "/me", "")
	is.True(status >= 400 && status < 500) // cookie and token together are refused

	status, _ = c.do("POST", "/logout", "")
	is.Equal(status, http.StatusNoContent)
	is.True(!c.alive())
	r, err := c.client.Post(w.url+"/token", "application/json", strings.NewReader(`{"idToken":"x.y.z"}`))
	is.NoErr(err)
	r.Body.Close()
	is.Equal(r.StatusCode, http.StatusUnauthorized)

	w.log.mu.Lock()
	defer w.log.mu.Unlock()
	is.True(w.log.text.Len() > 0)
	token := []byte(strings.TrimPrefix(c.token, "Bearer "))
	is.True(!bytes.Contains(w.log.text.Bytes(), token)) // the log does not contain the token
}

// Another site can't complete a login in a user's browser.
func TestAPI_ALoginThatWasNotBegunHere(t *testing.T) {
	is := is.New(t)
	w := newWorld(t)
	b := w.browser()
	status, _ := b.do("GET", "/callback?code=x&state=y", "")
	is.Equal(status, http.StatusBadRequest)
	is.True(!b.alive())
}

func (w *world) backChannel(token string) int {
	w.t.Helper()
	r, err := w.client.PostForm(w.url+"/backchannel-logout", url.Values{"logout_token": {token}})
	if err != nil {
		w.t.Fatal(err)
	}
	defer r.Body.Close()
	if r.Header.Get("Cache-Control") != "no-store" {
		w.t.Error("Cache-Control must be no-store")
	}
	return r.StatusCode
}

func TestBackChannelLogout_BySID(t *testing.T) {
	is := is.New(t)
	w := newWorld(t)
	phone, laptop, app := w.signedIn("ada", "p1"), w.signedIn("ada", "p2"), w.bearer("ada", "p1")
	bob := w.signedIn("bob", "p3")
	is.Equal(w.backChannel(w.provider.sign(w.provider.logoutToken(claims{"sub": "ada", "sid": "p1"}))), http.StatusOK)
	is.True(!phone.alive()) // the sessions from the provider's session p1 have ended
	is.True(!app.alive())
	is.True(laptop.alive()) // other sessions have not
	is.True(bob.alive())
	again := w.provider.sign(w.provider.logoutToken(claims{"sid": "p1"}))
	is.Equal(w.backChannel(again), http.StatusOK) // a repeated logout succeeds
}

func TestBackChannelLogout_BySub(t *testing.T) {
	is := is.New(t)
	w := newWorld(t)
	phone, laptop, bob := w.signedIn("ada", "p1"), w.signedIn("ada", ""), w.signedIn("bob", "p3")
	is.Equal(w.backChannel(w.provider.sign(w.provider.logoutToken(claims{"sub": "ada"}))), http.StatusOK)
	is.True(!phone.alive())
	is.True(!laptop.alive())
	is.True(bob.alive())
}

func TestBackChannelLogout_WhatIsNoLogoutToken(t *testing.T) {
	w := newWorld(t)
	p := w.provider
	ada := w.signedIn("ada", "p1")
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	whose := claims{"sub": "ada", "sid": "p1"}
	with := func(others claims) string {
		c := p.logoutToken(whose)
		for name, value := range others {
			if c[name] = value; value == nil {
				delete(c, name)
			}
		}
		return p.sign(c)
	}
	for name, token := range map[string]string{
		"nothing":            "",
		"no token":           "x.y.z",
		"another's key":      signBy(t, other, p.logoutToken(whose)),
		"another issuer":     with(claims{"iss": "https://id.example.com"}),
		"another audience":   with(claims{"aud": "blog"}),
		"expired":            with(claims{"exp": time.Now().Add(-time.Minute).Unix()}),
		"old":                with(claims{"iat": time.Now().Add(-time.Hour).Unix()}),
		"without a time":     with(claims{"iat": nil}),
		"an ID token":        p.sign(p.idToken(whose)),
		"with a nonce":       with(claims{"nonce": "n"}),
		"of another event":   with(claims{"events": map[string]any{"http://schemas.openid.net/event/else": map[string]any{}}}),
		"without sub or sid": with(claims{"sub": nil, "sid": nil}),
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			is.Equal(w.backChannel(token), http.StatusBadRequest)
			is.True(ada.alive())
		})
	}
}

// dial opens a caller's stream.
func (c *caller) dial(ctx context.Context, origin string) (*websocket.Conn, *http.Response, error) {
	header := http.Header{}
	if origin != "" {
		header.Set("Origin", origin)
	}
	if c.token != "" {
		header.Set("Authorization", c.token)
	}
	return websocket.Dial(ctx, c.w.url+"/stream", &websocket.DialOptions{HTTPClient: c.client, HTTPHeader: header})
}

func TestStream_EndsWithTheSession(t *testing.T) {
	is := is.New(t)
	w := newWorld(t)
	elsewhere, err := sessions.New[visitor](w.store, nil) // a Manager on another host
	is.NoErr(err)
	for _, signIn := range []func(user, sid string) *caller{w.signedIn, w.bearer} {
		conn, _, err := signIn("ada", "p1").dial(t.Context(), w.url)
		is.NoErr(err)
		var told struct{ Now time.Time }
		is.NoErr(wsjson.Read(t.Context(), conn, &told))
		is.True(time.Since(told.Now) < time.Minute)

		_, err = elsewhere.RevokeAll(t.Context(), "ada")
		is.NoErr(err)
		began := time.Now()
		for err == nil {
			err = wsjson.Read(t.Context(), conn, &told)
		}
		is.Equal(websocket.CloseStatus(err), websocket.StatusCode(statusSignedOut))
		is.True(time.Since(began) < 15*time.Second)
	}
}

func TestStream_IsForUsersOfThisOrigin(t *testing.T) {
	is := is.New(t)
	w := newWorld(t)
	conn, answer, err := w.browser().dial(t.Context(), w.url)
	is.True(err != nil && conn == nil)
	is.Equal(answer.StatusCode, http.StatusUnauthorized)
	conn, answer, err = w.signedIn("ada", "p1").dial(t.Context(), "https://evil.example.com")
	is.True(err != nil && conn == nil)
	is.Equal(answer.StatusCode, http.StatusForbidden)
}

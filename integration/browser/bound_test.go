package browser

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/matryer/is"

	"github.com/dynasession/dynasession/integration/device"
	"github.com/dynasession/dynasession/sessions/event"
	"github.com/dynasession/dynasession/sessions/web"
)

var tenMinutes = web.Config{Bound: 10 * time.Minute}

func TestBound_TheBrowserRegistersAndRefreshesByItself(t *testing.T) {
	is := is.New(t)
	s := newSite(t, tenMinutes)
	c := s.open(t, t.TempDir(), boundFeatures)
	c.signIn(t, s, "somebody")
	is.Equal(c.visit(t, s.URL+"/devices"), "somebody 1 true") // the list shows that it is bound
	is.Equal(c.visit(t, s.URL+"/guarded"), "somebody 1 guarded")
	cookie := cookies(t, c.tab)[boundCookie]
	is.True(cookie != nil && cookie.HTTPOnly && cookie.Secure && !cookie.Session)
	is.Equal(s.count(refresh), 0)

	for range 3 { // each response has a new challenge, so each refresh takes one request
		s.forget()
		c.expire(t, s)
		is.Equal(c.visit(t, s.URL+"/"), "somebody 1") // the page is not disturbed
		is.Equal(s.count(refresh), 1)
		is.Equal(strings.Join(s.store.took(), " "), "Load Load") // for the refresh and the page
	}
	is.Equal(s.kinds(event.NotBound), 0)
}

func TestBound_APostKeepsItsBody(t *testing.T) {
	is := is.New(t)
	s := newSite(t, tenMinutes)
	c := s.open(t, t.TempDir(), boundFeatures)
	c.signIn(t, s, "somebody")
	c.expire(t, s)
	body := strings.Repeat("all of it ", 1000)
	got := c.eval(t, `fetch("/note", {method: "POST", body: "all of it ".repeat(1000)}).then(r => r.text())`)
	is.Equal(got, "<p id=answer>somebody 1 "+body+"</p>")
	is.Equal(s.count(refresh), 1)
}

func TestBound_EightFetchesWaitForOneRefresh(t *testing.T) {
	is := is.New(t)
	s := newSite(t, tenMinutes)
	c := s.open(t, t.TempDir(), boundFeatures)
	c.signIn(t, s, "somebody")
	c.expire(t, s)
	got := c.eval(t, `Promise.all([1,2,3,4,5,6,7,8].map(i => fetch("/?"+i).then(r => r.text()))).then(a => a.join(""))`)
	is.Equal(got, strings.Repeat("<p id=answer>somebody 1 </p>", 8))
	is.Equal(s.count(refresh), 1)
}

// The cookie's end is long past by the middleware's clock, but not by the browser's. The browser
// signs a challenge that has expired, too.
func TestBound_AfterALongPauseTheBrowserSignsANewChallenge(t *testing.T) {
	is := is.New(t)
	s := newSite(t, tenMinutes)
	c := s.open(t, t.TempDir(), boundFeatures)
	c.signIn(t, s, "somebody")
	s.clock.Advance(time.Hour)
	c.expire(t, s)
	is.Equal(c.visit(t, s.URL+"/"), "somebody 1")
	is.Equal(s.count(refresh), 2) // one with the old challenge, one with the new
}

func TestBound_ARenewedSessionStaysBound(t *testing.T) {
	is := is.New(t)
	s := newSite(t, tenMinutes)
	c := s.open(t, t.TempDir(), boundFeatures)
	c.signIn(t, s, "somebody")
	before := cookies(t, c.tab)
	is.Equal(c.visit(t, s.URL+"/renew"), "somebody 1")
	is.True(cookies(t, c.tab)[longCookie].Value != before[longCookie].Value)
	is.Equal(cookies(t, c.tab)[boundCookie].Value, before[boundCookie].Value)
	c.expire(t, s)
	is.Equal(c.visit(t, s.URL+"/devices"), "somebody 1 true")
	is.Equal(s.count(refresh), 1)
}

func TestBound_LoginAsAnotherUser(t *testing.T) {
	is := is.New(t)
	s := newSite(t, tenMinutes)
	c := s.open(t, t.TempDir(), boundFeatures)
	c.signIn(t, s, "somebody")
	s.forget()
	c.signIn(t, s, "another")
	is.Equal(c.visit(t, s.URL+"/"), "another 1")
	c.expire(t, s)
	is.Equal(c.visit(t, s.URL+"/devices"), "another 1 true") // the first session's key is refused
	c.expire(t, s)
	s.forget()
	is.Equal(c.visit(t, s.URL+"/devices"), "another 1 true")
	is.Equal(s.count(refresh), 1) // the browser has forgotten the first session's key
}

func TestBound_ALogoutEndsItForGood(t *testing.T) {
	is := is.New(t)
	s := newSite(t, tenMinutes)
	c := s.open(t, t.TempDir(), boundFeatures)
	c.signIn(t, s, "somebody")
	stolen := cookies(t, c.tab)
	is.Equal(c.visit(t, s.URL+"/logout"), "0")
	is.Equal(len(cookies(t, c.tab)), 0) // both cookies are deleted
	is.Equal(c.visit(t, s.URL+"/"), "0")
	_, body, _ := s.thief(t, "/", stolen, longCookie, boundCookie)
	is.Equal(body, "<p id=answer> 0 </p>")
	s.forget()
	is.Equal(c.visit(t, s.URL+"/"), "0")
	is.Equal(s.count(refresh), 0) // the browser has forgotten the key
	c.signIn(t, s, "somebody")
	is.Equal(c.visit(t, s.URL+"/devices"), "somebody 1 true")
}

func TestBound_ARestartOfTheBrowserKeepsTheSession(t *testing.T) {
	is := is.New(t)
	s := newSite(t, tenMinutes)
	dir := t.TempDir()
	c := s.open(t, dir, boundFeatures)
	c.signIn(t, s, "somebody?keep=1")
	before := cookies(t, c.tab)
	is.True(!before[longCookie].Session)
	c.cancel()

	c = s.open(t, dir, boundFeatures)
	is.Equal(c.visit(t, s.URL+"/devices"), "somebody 1 true")
	s.forget()
	c.expire(t, s)
	is.Equal(c.visit(t, s.URL+"/devices"), "somebody 1 true")
	is.True(s.count(refresh) > 0) // with the same key; the last challenge may be lost
	is.Equal(cookies(t, c.tab)[longCookie].Value, before[longCookie].Value)
}

func TestBound_TheThief(t *testing.T) {
	is := is.New(t)
	s := newSite(t, tenMinutes)
	c := s.open(t, t.TempDir(), boundFeatures)
	c.signIn(t, s, "somebody")
	stolen := cookies(t, c.tab)
	const anonymous, signedIn = "<p id=answer> 0 </p>", "<p id=answer>somebody 1 </p>"

	_, body, _ := s.thief(t, "/", stolen, longCookie)
	is.Equal(body, signedIn) // admitted during the first minute
	status, _, _ := s.thief(t, "/guarded", stolen, longCookie)
	is.Equal(status, 403) // RequireBound does not wait for it
	s.clock.Advance(time.Minute)
	_, body, set := s.thief(t, "/", stolen, longCookie)
	is.Equal(body, anonymous)
	is.Equal(len(set), 0) // no cookie is deleted
	is.Equal(s.kinds(event.NotBound), 1)
	_, body, _ = s.thief(t, "/", stolen, longCookie, boundCookie)
	is.Equal(body, signedIn) // admitted with both, until the bound cookie expires
	s.clock.Advance(11 * time.Minute)
	_, body, _ = s.thief(t, "/", stolen, longCookie, boundCookie)
	is.Equal(body, anonymous)
	is.Equal(s.kinds(event.NotBound), 2)

	c.expire(t, s) // its Max-Age has passed
	is.Equal(c.visit(t, s.URL+"/guarded"), "somebody 1 guarded")
	is.Equal(s.kinds(event.NotBound), 2)
}

// A thief does what no browser does: he sends the browser's cookies and recorded proofs, and signs
// with a key of his own.
func TestBound_TheThiefHasNoKey(t *testing.T) {
	is := is.New(t)
	s := newSite(t, tenMinutes)
	c := s.open(t, t.TempDir(), boundFeatures)
	c.signIn(t, s, "somebody")
	c.expire(t, s)
	is.Equal(c.visit(t, s.URL+"/"), "somebody 1")
	stolen := cookies(t, c.tab)
	registered, refreshed := s.sent(register), s.sent(refresh)
	key := device.NewES256(t)
	challenge := challengeOf(t, registered.Get("Secure-Session-Response"))
	id := refreshed.Get("Sec-Secure-Session-Id")
	for name, r := range map[string]struct {
		path, jwt string
		status    int
	}{
		"the registration, again":    {register, registered.Get("Secure-Session-Response"), http.StatusUnauthorized},
		"a registration of his own":  {register, key.Registration(t, challenge), http.StatusUnauthorized},
		"the refresh, again":         {refresh, refreshed.Get("Secure-Session-Response"), http.StatusForbidden},
		"a refresh of his own":       {refresh, key.Refresh(t, challengeOf(t, refreshed.Get("Secure-Session-Response"))), http.StatusUnauthorized},
		"the registration's JWT":     {refresh, registered.Get("Secure-Session-Response"), http.StatusForbidden},
		"no JWT":                     {refresh, "", http.StatusForbidden},
		"a JWT that is not signed":   {refresh, device.Signer{Alg: "none", Sign: func(string) []byte { return nil }}.Refresh(t, challenge), http.StatusUnauthorized},
		"a JWT signed with HS256":    {refresh, device.Signer{Alg: "HS256", Sign: key.Sign}.Refresh(t, challenge), http.StatusUnauthorized},
		"a JWT with a key of RSA":    {refresh, device.NewRS256(t).Registration(t, challenge), http.StatusForbidden},
		"a registration, not signed": {register, device.Signer{Alg: "none", JWK: key.JWK, Sign: func(string) []byte { return nil }}.Registration(t, challenge), http.StatusUnauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+r.path, nil)
			is.NoErr(err)
			for _, name := range []string{longCookie, boundCookie} {
				request.AddCookie(&http.Cookie{Name: name, Value: stolen[name].Value})
			}
			request.Header.Set("Sec-Secure-Session-Id", id)
			if r.jwt != "" {
				request.Header.Set("Secure-Session-Response", r.jwt)
			}
			response, err := s.Client().Do(request)
			is.NoErr(err)
			is.NoErr(response.Body.Close())
			is.Equal(response.StatusCode, r.status)
			is.Equal(len(response.Header.Values("Set-Cookie")), 0)
		})
	}
	c.expire(t, s)
	is.Equal(c.visit(t, s.URL+"/guarded"), "somebody 1 guarded") // the owner does not notice
}

func TestBound_AnOutageAtARefresh(t *testing.T) {
	is := is.New(t)
	s := newSite(t, tenMinutes)
	c := s.open(t, t.TempDir(), boundFeatures)
	c.signIn(t, s, "somebody")
	s.store.setDown(true)
	c.expire(t, s)
	is.Equal(c.eval(t, `fetch("/").then(r => ""+r.status)`), "503")
	s.store.setDown(false)
	s.forget()
	is.Equal(c.visit(t, s.URL+"/guarded"), "somebody 1 guarded")
	is.Equal(s.count(refresh), 1) // the session is still bound
}

// A browser doesn't refresh for a request that another site's page has caused. Where the bound
// cookie has expired, such a link leads to an anonymous visitor's page, unless that loads itself
// again.
func TestBound_ALinkOfAnotherSite(t *testing.T) {
	is := is.New(t)
	s := newSite(t, tenMinutes)
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprintf(w, `<a id=page href="%s/">page</a> <a id=linked href="%[1]s/linked">linked</a>`, s.URL)
	}))
	t.Cleanup(other.Close)
	c := s.open(t, t.TempDir(), boundFeatures)
	c.signIn(t, s, "somebody")
	s.clock.Advance(2 * time.Minute)
	c.expire(t, s)
	s.forget()
	follow := func(link string) string {
		t.Helper()
		do(t, c.tab, chromedp.Navigate(strings.Replace(other.URL, "127.0.0.1", "localhost", 1)), visible(link), click(link), visible("#answer"))
		return text(t, c.tab, "#answer")
	}
	is.Equal(follow("#page"), "0")
	is.Equal(s.count(refresh), 0)
	is.Equal(follow("#linked"), "somebody 1")
	is.Equal(s.count(refresh), 1)
	is.Equal(s.count("/linked"), 2)
	c.expire(t, s)
	is.Equal(c.visit(t, s.URL+"/guarded"), "somebody 1 guarded") // the session is still bound
}

// For a browser without DBSC, the middleware makes the same calls as with Bound off.
func TestBound_EveryoneElse(t *testing.T) {
	is := is.New(t)
	var calls, headers [2]string
	for i, cfg := range []web.Config{{}, tenMinutes} {
		s := newSite(t, cfg)
		c := s.open(t, t.TempDir(), "")
		is.Equal(c.visit(t, s.URL+"/login/somebody"), "somebody 1")
		is.Equal(c.visit(t, s.URL+"/"), "somebody 1")
		s.clock.Advance(5 * time.Minute)
		is.Equal(c.visit(t, s.URL+"/renew"), "somebody 1")
		is.Equal(c.visit(t, s.URL+"/logout"), "0")
		calls[i] = strings.Join(s.store.took(), " ")
		s.mu.Lock()
		for _, r := range s.requests {
			headers[i] += r.URL.Path
			for name := range r.Header {
				if strings.HasPrefix(name, "Secure-Session") || strings.HasPrefix(name, "Sec-Secure") {
					headers[i] += " " + name
				}
			}
			for _, cookie := range r.Cookies() {
				headers[i] += " " + cookie.Name
			}
			headers[i] += "\n"
		}
		s.mu.Unlock()
	}
	is.Equal(calls[0], calls[1])
	is.Equal(headers[0], headers[1])
}

// A browser registers while the page that follows the login saves. Neither disturbs the other.
func TestBound_ALandingPageThatSaves(t *testing.T) {
	is := is.New(t)
	s := newSite(t, tenMinutes)
	c := s.open(t, t.TempDir(), boundFeatures)
	for i := range 20 {
		c.signIn(t, s, "somebody")
		is.True(strings.HasPrefix(c.visit(t, s.URL+"/devices"), "somebody "))
		is.Equal(s.kinds(event.Bound), i+1)
		c.visit(t, s.URL+"/logout")
	}
	is.Equal(s.kinds(event.Conflict), 0)
}

// Bound is turned off while a bound session is alive. The session goes on with its cookie alone.
func TestBound_TurnedOff(t *testing.T) {
	is := is.New(t)
	s := newSite(t, tenMinutes)
	c := s.open(t, t.TempDir(), boundFeatures)
	c.signIn(t, s, "somebody")
	s.configure(t, web.Config{})
	c.expire(t, s)
	is.Equal(c.visit(t, s.URL+"/"), "somebody 1")
	s.forget()
	is.Equal(c.visit(t, s.URL+"/"), "somebody 1")
	is.Equal(s.count(refresh), 0) // the browser no longer binds the session
}

// The login example binds sessions over TLS with its self-signed certificate.
func TestBound_TheLoginExample(t *testing.T) {
	is := is.New(t)
	url, flag := run(t, "-tls")
	_, hash, ok := strings.Cut(flag, "=")
	is.True(ok)
	c := launch(t, t.TempDir(), boundFeatures, hash)
	do(t, c.tab, chromedp.Navigate(url+"/login"),
		chromedp.SendKeys(chromedp.CSS("input[name=name]"), "somebody"), chromedp.SendKeys(chromedp.CSS("input[name=password]"), "demo"))
	c.registers(t, click("#submit"))
	do(t, c.tab, chromedp.Navigate(url+"/devices"), visible(".cards"))
	is.Equal(text(t, c.tab, "em.bound"), "Bound to its device")
}

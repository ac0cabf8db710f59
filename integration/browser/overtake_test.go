package browser

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/memstore"
	"github.com/dynasession/dynasession/sessions/web"
)

// shop is a site whose requests can be held back. A request to /slow/… waits before it loads its
// session, until it is released.
type shop struct {
	url           string
	sess          *web.Middleware[int]
	m             *sessions.Manager[int]
	arrived, goOn chan struct{}
}

func newShop(t *testing.T, cfg *web.Config, ids int) *shop {
	t.Helper()
	is := is.New(t)
	m, err := sessions.New(memstore.New(nil), &sessions.Config[int]{IDs: sessions.RandomIDs(ids)})
	is.NoErr(err)
	sess, err := web.New(m, cfg)
	is.NoErr(err)
	s := &shop{sess: sess, m: m, arrived: make(chan struct{}, 8), goOn: make(chan struct{}, 8)}
	mux := http.NewServeMux()
	do := func(path string, f func(r *http.Request) error) {
		h := func(w http.ResponseWriter, r *http.Request) {
			err := f(r)
			got, sessionErr := sess.Session(r.Context())
			if err = errors.Join(err, sessionErr); err != nil {
				http.Error(w, err.Error(), web.Status(err))
				return
			}
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprintf(w, "<p id=answer>%s %d</p>", got.Subject(), got.Data)
		}
		mux.HandleFunc(path, h)
		mux.HandleFunc("/slow"+path, func(w http.ResponseWriter, r *http.Request) {
			s.arrived <- struct{}{}
			<-s.goOn
			h(w, r)
		})
	}
	do("/me", func(*http.Request) error { return nil })
	do("/app/me", func(*http.Request) error { return nil })
	do("/add", func(r *http.Request) error {
		got, err := sess.Session(r.Context())
		if err == nil {
			got.Data++
		}
		return err
	})
	do("/renew", func(r *http.Request) error { return sess.Renew(r.Context()) })
	login := func(r *http.Request) error { return sess.Authenticate(r.Context(), r.FormValue("name")) }
	do("/login", login)
	do("/app/login", login)
	mux.HandleFunc("/favicon.ico", http.NotFound)
	server := httptest.NewServer(sess.Handler(mux))
	t.Cleanup(server.Close)
	s.url = strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	return s
}

// start sends a request from the page, and waits until it has arrived.
func (s *shop) start(t *testing.T, tab context.Context, path string) {
	t.Helper()
	do(t, tab, eval(fmt.Sprintf(`window.slow = (window.slow || []).concat(fetch(%q, {method: "POST"}).then(r => r.status)); 1`, path)))
	<-s.arrived
}

// finish releases the requests that are held back, and returns their statuses.
func (s *shop) finish(t *testing.T, tab context.Context, n int) string {
	t.Helper()
	for range n {
		s.goOn <- struct{}{}
	}
	return evaluate(t, tab, `Promise.all(window.slow).then(all => all.join(" "))`)
}

func eval(script string) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		_, err := chromedp.Evaluate[any](script, chromedp.EvalAwaitPromise)(ctx, target)
		return chromedp.Void{}, err
	}
}

func evaluate(t *testing.T, tab context.Context, script string) string {
	t.Helper()
	got, err := chromedp.Run(tab, chromedp.Evaluate[string](script, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func (s *shop) fetch(t *testing.T, tab context.Context, path string) string {
	t.Helper()
	return evaluate(t, tab, fmt.Sprintf(`fetch(%q, {method: "POST"}).then(r => r.text()).then(text => text.replace(/<[^>]*>/g, "").trim())`, path))
}

// Requests sent with the old ID are served after another request has exchanged it.
func TestOvertaking_NoAnswerTakesTheNewCookieAway(t *testing.T) {
	tab := open(t)
	for _, c := range [][]string{
		{"/login?name=ada", "/login?name=ada", "ada 1"},
		{"/login?name=ada", "/renew", "ada 1"},
		{"/me", "/login?name=ada", "ada 1"}, // an anonymous visitor's session is renewed
		{"/me", "/renew", " 1"},
	} {
		before, exchange, want := c[0], c[1], strings.TrimSpace(c[2])
		t.Run(before+exchange, func(t *testing.T) {
			is := is.New(t)
			s := newShop(t, nil, 32)
			do(t, tab, chromedp.Navigate(s.url+"/me"), visible("#answer"))
			s.fetch(t, tab, before)
			s.fetch(t, tab, "/add")
			old := cookies(t, tab)["__Host-id"].Value
			s.start(t, tab, "/slow/me")
			s.start(t, tab, "/slow/add")
			s.fetch(t, tab, exchange)
			next := cookies(t, tab)["__Host-id"].Value
			is.True(next != old)
			is.Equal(s.finish(t, tab, 2), "200 409") // a read is anonymous, a change is refused
			is.Equal(cookies(t, tab)["__Host-id"].Value, next)
			is.Equal(s.fetch(t, tab, "/me"), want)
		})
	}
}

func TestOvertaking_TwoLoginsTheLastHolds(t *testing.T) {
	tab := open(t)
	for second, want := range map[string]string{"ada": "ada 1", "bob": "bob 0"} {
		t.Run(second, func(t *testing.T) {
			is := is.New(t)
			s := newShop(t, nil, 32)
			do(t, tab, chromedp.Navigate(s.url+"/me"), visible("#answer"))
			s.fetch(t, tab, "/add")
			s.start(t, tab, "/slow/login?name="+second)
			s.fetch(t, tab, "/login?name=ada")
			is.Equal(s.finish(t, tab, 1), "200")
			is.Equal(s.fetch(t, tab, "/me"), want)
			infos, err := s.m.Sessions(t.Context(), second)
			is.NoErr(err)
			is.Equal(len(infos), 1) // no session is orphaned
		})
	}
}

// Two applications on two ports of localhost use the same cookie name. Reading a page of one signs
// nobody out of the other.
func TestTwoPorts_ReadingOneSignsNobodyOutOfTheOther(t *testing.T) {
	is := is.New(t)
	tab := open(t)
	a, b := newShop(t, nil, 32), newShop(t, nil, 24)
	do(t, tab, chromedp.Navigate(a.url+"/me"), visible("#answer"))
	a.fetch(t, tab, "/login?name=ada")
	do(t, tab, chromedp.Navigate(b.url+"/me"), visible("#answer"))
	is.Equal(text(t, tab, "#answer"), "0")
	do(t, tab, chromedp.Navigate(a.url+"/me"), visible("#answer"))
	is.Equal(text(t, tab, "#answer"), "ada 0")
}

// Another site posts a form. The browser withholds the cookie, and the handler changes its session.
func TestCrossSite_APostReplacesNothing(t *testing.T) {
	is := is.New(t)
	tab := open(t)
	s := newShop(t, nil, 32)
	do(t, tab, chromedp.Navigate(s.url+"/me"), visible("#answer"))
	s.fetch(t, tab, "/login?name=ada")
	evil := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<form method=post action="%s/add"><button id=post>post</button></form>`, s.url)
	}))
	t.Cleanup(evil.Close)
	do(t, tab, chromedp.Navigate(strings.Replace(evil.URL, "127.0.0.1", "site.test", 1)), visible("#post"), click("#post"))
	is.True(strings.Contains(text(t, tab, "body"), "Conflict"))
	do(t, tab, chromedp.Navigate(s.url+"/me"), visible("#answer"))
	is.Equal(text(t, tab, "#answer"), "ada 0")
}

// There are two live IDs under one cookie name, at two paths, as after a deploy that changed the
// path. A login ends both, and the next page is signed in.
func TestTwoLiveIDs_TheNextPageAfterALoginIsSignedIn(t *testing.T) {
	is := is.New(t)
	tab := open(t)
	s := newShop(t, &web.Config{Cookie: web.Cookie{Name: "__Secure-id"}}, 32)
	planted, err := s.m.CreateAndSave(t.Context(), 5)
	is.NoErr(err)
	do(t, tab, chromedp.Navigate(s.url+"/app/me"), visible("#answer"))
	s.fetch(t, tab, "/add") // sets a cookie for /
	do(t, tab, eval(fmt.Sprintf(`document.cookie = "__Secure-id=%s; path=/app; secure"; 1`, planted.ID().Secret())))
	do(t, tab, chromedp.Navigate(s.url+"/app/me"), visible("#answer"))
	is.Equal(text(t, tab, "#answer"), "0") // neither ID is trusted
	s.fetch(t, tab, "/app/login?name=ada")
	for _, path := range []string{"/app/me", "/me"} {
		do(t, tab, chromedp.Navigate(s.url+path), visible("#answer"))
		is.Equal(text(t, tab, "#answer"), "ada 0")
	}
}

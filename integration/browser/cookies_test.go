package browser

import (
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

// The browser accepts the cookie of every configuration that New accepts, except for a Secure
// cookie over plain HTTP, which is what Insecure is for.
func TestCookies_TheBrowserTakesWhatNewAccepts(t *testing.T) {
	tab := open(t)
	for name, c := range map[string]struct {
		cookie web.Cookie
		host   string
		taken  bool
	}{
		"default, on localhost":                {web.Cookie{}, "localhost", true},
		"strict":                               {web.Cookie{SameSite: http.SameSiteStrictMode}, "localhost", true},
		"partitioned":                          {web.Cookie{Name: "__Host-p", SameSite: http.SameSiteNoneMode, Partitioned: true}, "localhost", true},
		"persistent":                           {web.Cookie{Persistent: true}, "localhost", true},
		"__Secure-":                            {web.Cookie{Name: "__Secure-id"}, "localhost", true},
		"insecure, on localhost":               {web.Cookie{Insecure: true}, "localhost", true},
		"default, over plain HTTP elsewhere":   {web.Cookie{}, "site.test", false},
		"insecure, over plain HTTP elsewhere":  {web.Cookie{Insecure: true}, "site.test", true},
		"default, on 127.0.0.1 instead of its": {web.Cookie{}, "127.0.0.1", true},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			m, err := sessions.New[int](memstore.New(nil), nil)
			is.NoErr(err)
			sess, err := web.New(m, &web.Config{Cookie: c.cookie})
			is.NoErr(err)
			server := httptest.NewServer(sess.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				s, err := sess.Session(r.Context())
				is.NoErr(err)
				if !strings.HasSuffix(r.URL.Path, ".ico") {
					s.Data++
				}
				w.Header().Set("Content-Type", "text/html")
				if s.Data > 1 {
					_, _ = w.Write([]byte("<p id=answer>again</p>"))
				} else {
					_, _ = w.Write([]byte("<p id=answer>first</p>"))
				}
			})))
			t.Cleanup(server.Close)
			url := strings.Replace(server.URL, "127.0.0.1", c.host, 1)
			do(t, tab, chromedp.Navigate(url), visible("#answer"), chromedp.Navigate(url), visible("#answer"))
			is.Equal(text(t, tab, "#answer") == "again", c.taken)
		})
	}
}

// A deploy that turns Partitioned on or off leaves one cookie of ours in the browser.
func TestCookies_AChangeOfPartitionedLeavesOne(t *testing.T) {
	is := is.New(t)
	tab := open(t)
	m, err := sessions.New[int](memstore.New(nil), nil)
	is.NoErr(err)
	mux := http.NewServeMux()
	for path, c := range map[string]web.Cookie{
		"/before":  {},
		"/on":      {Partitioned: true, Former: []web.FormerCookie{{}}},
		"/off":     {Former: []web.FormerCookie{{Partitioned: true}}},
		"/renamed": {Name: "__Host-app", Partitioned: true, Former: []web.FormerCookie{{Name: "__Host-id"}}},
	} {
		c.SameSite = http.SameSiteNoneMode
		sess, err := web.New(m, &web.Config{Cookie: c})
		is.NoErr(err)
		mux.Handle(path, sess.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			is.NoErr(sess.Authenticate(r.Context(), "somebody"))
			http.Redirect(w, r, "/sent", http.StatusSeeOther)
		})))
	}
	mux.HandleFunc("/sent", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<p id=answer>" + r.Header.Get("Cookie") + "</p>"))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	url := strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	for _, path := range []string{"/before", "/on", "/off", "/on", "/off", "/renamed"} {
		do(t, tab, chromedp.Navigate(url+path), visible("#answer"))
		is.Equal(strings.Count(text(t, tab, "#answer"), "="), 1)
	}
	is.True(strings.HasPrefix(text(t, tab, "#answer"), "__Host-app="))
}

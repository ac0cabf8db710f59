package web_test

import (
	"errors"
	"fmt"
	"html/template"
	"io"
	"log"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"

	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/memstore"
	"github.com/dynasession/dynasession/sessions/web"
)

// Cart is the data of this application's sessions.
type Cart struct {
	Items []string               `json:"items"`
	Flash sessions.Flash[string] `json:"flash"` // messages, shown once
}

var page = template.Must(template.New("").Parse(
	`{{with .Token}}token={{.}} {{end}}{{range .Messages}}{{.}} {{end}}{{with .Cart}}cart={{.Items}}{{end}}{{range .Devices}}{{.Subject}}{{end}}`))

// must ends the program at an error.
func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func checkPassword(name, password string) (user string, ok bool) {
	return "user-7", name == "ada" && password == "correct horse"
}

// A login, a cart, the list of devices and a logout.
func Example() {
	m, err := sessions.New[Cart](memstore.New(nil), nil)
	must(err)

	sess, err := web.New(m, nil)
	must(err)
	fail := func(w http.ResponseWriter, err error) { http.Error(w, "Please try again.", web.Status(err)) }

	mux := http.NewServeMux()
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		if err := sess.Verify(r); err != nil { // the form's anti-forgery token, of sess.Token
			fail(w, err)
			return
		}
		user, ok := checkPassword(r.PostFormValue("name"), r.PostFormValue("password"))
		if !ok {
			http.Error(w, "This name and password don't match.", http.StatusUnauthorized)
			return
		}
		s, err := sess.Session(r.Context()) // loads it now; a route that never asks costs nothing
		if err != nil {
			fail(w, err) // an outage is not an anonymous visitor
			return
		}
		if r.PostFormValue("keep") != "" { // "keep me signed in"
			s.IdleTimeout, s.AbsoluteTimeout = 30*24*time.Hour, 90*24*time.Hour
			err = sess.Persist(r.Context(), true)
		}
		s.Data.Flash.Add("Welcome back.") // a message for the next page, shown once
		if err = errors.Join(err, sess.Authenticate(r.Context(), user)); err != nil {
			fail(w, err)
			return
		}
		http.Redirect(w, r, "/", http.StatusSeeOther) // the session is saved before the first byte goes out
	})
	mux.HandleFunc("POST /add", func(w http.ResponseWriter, r *http.Request) {
		err := sess.Verify(r)
		if err == nil {
			err = sess.Update(r.Context(), func(c *Cart) error { // whatever other tabs do at the same time
				c.Items = append(c.Items, r.PostFormValue("item"))
				return nil
			})
		}
		if err != nil {
			fail(w, err)
			return
		}
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		s, err := sess.Session(r.Context())
		token, tokenErr := sess.Token(r.Context()) // for the page's forms; stores nothing for a visitor without a session
		if err = errors.Join(err, tokenErr); err != nil {
			fail(w, err)
			return
		}
		w.Header().Set("Cache-Control", "no-store") // or the back button shows it after a logout
		page.Execute(w, map[string]any{"Cart": s.Data, "Messages": s.Data.Flash.Take(), "Token": token})
	})
	mux.Handle("GET /devices", sess.RequireSubject(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		devices, err := sess.Sessions(r.Context())
		token, tokenErr := sess.Token(r.Context())
		if err = errors.Join(err, tokenErr); err != nil {
			fail(w, err)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		page.Execute(w, map[string]any{"Devices": devices, "Token": token})
	})))
	mux.HandleFunc("POST /devices/end", func(w http.ResponseWriter, r *http.Request) {
		err := sess.Verify(r)
		if err == nil {
			err = sess.Revoke(r.Context(), r.PostFormValue("handle")) // all but this one: sess.RevokeOthers
		}
		if err != nil {
			fail(w, err)
			return
		}
		http.Redirect(w, r, "/devices", http.StatusSeeOther)
	})
	mux.HandleFunc("POST /logout", func(w http.ResponseWriter, r *http.Request) {
		err := sess.Verify(r)
		if err == nil {
			err = sess.Destroy(r.Context())
		}
		if err != nil {
			fail(w, err) // still signed in: say so
			return
		}
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})
	handler := http.NewCrossOriginProtection().Handler(sess.Handler(mux))

	// A browser, and what its user sees.
	server := httptest.NewTLSServer(handler)
	defer server.Close()
	browser := server.Client()
	browser.Jar, err = cookiejar.New(nil)
	must(err)
	token := ""
	see := func(r *http.Response, err error) {
		must(err)
		body, err := io.ReadAll(r.Body)
		must(errors.Join(err, r.Body.Close()))
		shown := string(body)
		if hidden, rest, ok := strings.Cut(shown, " "); ok && strings.HasPrefix(hidden, "token=") {
			token, shown = strings.TrimPrefix(hidden, "token="), rest
		}
		fmt.Println(r.StatusCode, strings.TrimSpace(shown))
	}
	see(browser.Get(server.URL + "/devices"))
	see(browser.Get(server.URL))
	see(browser.PostForm(server.URL+"/add", url.Values{"item": {"tea"}, web.TokenField: {token}}))
	see(browser.PostForm(server.URL+"/login", url.Values{
		"name": {"ada"}, "password": {"correct horse"}, web.TokenField: {token},
	}))
	see(browser.Get(server.URL))
	see(browser.PostForm(server.URL+"/logout", url.Values{web.TokenField: {token}}))
	// Output:
	// 401 Unauthorized
	// 200 cart=[]
	// 200 cart=[tea]
	// 200 Welcome back. cart=[tea]
	// 200 cart=[tea]
	// 200 cart=[]
}

func ExampleMiddleware_RequireFresh() {
	m, err := sessions.New[Cart](memstore.New(nil), nil)
	must(err)
	sess, err := web.New(m, nil)
	must(err)
	pay := sess.RequireFresh(5 * time.Minute)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "paid")
	}))

	s := m.Create()
	r := httptest.NewRequest(http.MethodPost, "/pay", nil)
	w := httptest.NewRecorder()
	pay.ServeHTTP(w, r.WithContext(sess.With(r.Context(), s)))
	fmt.Println("a visitor:", w.Code)

	must(m.Authenticate(r.Context(), s, "user-7"))
	w = httptest.NewRecorder()
	pay.ServeHTTP(w, r.WithContext(sess.With(r.Context(), s)))
	fmt.Println("after the login:", w.Code, w.Body)
	// Output:
	// a visitor: 401
	// after the login: 200 paid
}

func ExampleStatus() {
	for _, err := range []error{sessions.ErrUnavailable, sessions.ErrConflict, sessions.ErrTooLarge} {
		fmt.Println(web.Status(err), err)
	}
	// Output:
	// 503 session store unavailable
	// 409 session was changed by another request
	// 507 session too large
}

// newSessions returns a Middleware over a store in memory.
func newSessions(cfg *web.Config) *web.Middleware[Cart] {
	m, err := sessions.New[Cart](memstore.New(nil), nil)
	must(err)
	sess, err := web.New(m, cfg)
	must(err)
	return sess
}

// serve makes a request with some cookies, and returns the response.
func serve(h http.Handler, method, path string, cookies ...*http.Cookie) *http.Response {
	r := httptest.NewRequest(method, path, nil)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

// The session is loaded when a handler asks for it, and saved before the first byte of the
// response.
func ExampleMiddleware_Session() {
	sess := newSessions(nil)
	h := sess.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := sess.Session(r.Context())
		if err != nil {
			return // Config.Error responds
		}
		s.Data.Items = append(s.Data.Items, r.URL.Query().Get("item"))
		fmt.Println(s.Data.Items)
	}))

	first := serve(h, http.MethodPost, "/?item=tea")
	serve(h, http.MethodPost, "/?item=cups", first.Cookies()...)
	fmt.Println(first.Cookies()[0].Name)
	// Output:
	// [tea]
	// [tea cups]
	// __Host-id
}

// Update calls its function again if another request has changed the session.
func ExampleMiddleware_Update() {
	sess := newSessions(nil)
	h := sess.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := sess.Update(r.Context(), func(c *Cart) error {
			if len(c.Items) == 2 {
				return errors.New("the cart is full")
			}
			c.Items = append(c.Items, "tea")
			return nil
		})
		fmt.Println(err)
	}))

	first := serve(h, http.MethodPost, "/")
	serve(h, http.MethodPost, "/", first.Cookies()...)
	serve(h, http.MethodPost, "/", first.Cookies()...)
	// Output:
	// <nil>
	// <nil>
	// the cart is full
}

// A page that asks every few seconds should not keep its session alive.
func ExampleMiddleware_Peek() {
	sess := newSessions(nil)
	poll := sess.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := sess.Peek(r.Context())
		if err != nil {
			w.WriteHeader(web.Status(err))
			return
		}
		fmt.Fprint(w, "items: ", len(s.Data.Items))
	}))
	body, _ := io.ReadAll(serve(poll, http.MethodGet, "/count").Body)
	fmt.Println(string(body))
	// Output: items: 0
}

func ExampleMiddleware_RequireSubject() {
	sess := newSessions(nil)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		if err := sess.Authenticate(r.Context(), "user-7"); err != nil { // after the password was checked
			http.Error(w, "Please try again later.", web.Status(err))
		}
	})
	mux.Handle("GET /account", sess.RequireSubject(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, _ := sess.Session(r.Context())
		fmt.Println("account of", s.Subject())
	})))
	h := sess.Handler(mux)

	fmt.Println(serve(h, http.MethodGet, "/account").StatusCode)
	login := serve(h, http.MethodPost, "/login")
	fmt.Println(serve(h, http.MethodGet, "/account", login.Cookies()...).StatusCode)
	// Output:
	// 401
	// account of user-7
	// 200
}

// One Middleware serves browsers by a cookie, and API clients by a header.
func ExampleMiddleware_UseHeader() {
	sess := newSessions(&web.Config{Header: "Authorization", Cookie: web.Cookie{Name: "__Host-shop"}})
	h := sess.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := errors.Join(sess.UseHeader(r), sess.Authenticate(r.Context(), "user-7")); err != nil {
			http.Error(w, "Please try again later.", web.Status(err))
		}
	}))

	w := serve(h, http.MethodPost, "/api/login")
	fmt.Println(strings.HasPrefix(w.Header.Get("Authorization"), "Bearer "), len(w.Cookies()))
	// Output: true 0
}

// "Keep me signed in": the cookie outlives the browser's restart.
func ExampleMiddleware_Persist() {
	sess := newSessions(nil)
	h := sess.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := sess.Session(r.Context())
		if err == nil {
			s.IdleTimeout, s.AbsoluteTimeout = 30*24*time.Hour, 90*24*time.Hour
			err = sess.Persist(r.Context(), true)
		}
		if err = errors.Join(err, sess.Authenticate(r.Context(), "user-7")); err != nil {
			http.Error(w, "Please try again later.", web.Status(err))
		}
	}))

	cookie := serve(h, http.MethodPost, "/login").Cookies()[0]
	fmt.Println((time.Duration(cookie.MaxAge) * time.Second).Round(24 * time.Hour))
	// Output: 2160h0m0s
}

// After a change of the password, the user's other devices have to sign in again.
func ExampleMiddleware_RevokeOthers() {
	sess := newSessions(nil)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		if err := sess.Authenticate(r.Context(), "user-7"); err != nil {
			w.WriteHeader(web.Status(err))
		}
	})
	mux.HandleFunc("POST /password", func(w http.ResponseWriter, r *http.Request) {
		n, err := sess.RevokeOthers(r.Context())
		if err == nil {
			err = sess.Renew(r.Context()) // a copy of this browser's cookie is worth nothing now
		}
		fmt.Println(n, err)
	})
	mux.Handle("GET /", sess.RequireSubject(http.NotFoundHandler()))
	h := sess.Handler(mux)

	phone, laptop := serve(h, http.MethodPost, "/login"), serve(h, http.MethodPost, "/login")
	serve(h, http.MethodPost, "/password", laptop.Cookies()...)
	fmt.Println("phone:", serve(h, http.MethodGet, "/", phone.Cookies()...).StatusCode)
	// Output:
	// 1 <nil>
	// phone: 401
}

// A recoverer inside of Handler discards what the panicking handler has left half done.
func ExampleMiddleware_Discard() {
	sess := newSessions(nil)
	recoverer := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer func() {
				if recover() != nil {
					fmt.Println("discarded:", sess.Discard(r.Context()))
					w.WriteHeader(http.StatusTeapot)
				}
			}()
			next.ServeHTTP(w, r)
		})
	}
	h := sess.Handler(recoverer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, _ := sess.Session(r.Context())
		s.Data.Items = append(s.Data.Items, "half a")
		panic("no tea")
	})))

	w := serve(h, http.MethodPost, "/")
	fmt.Println(w.StatusCode, len(w.Cookies()))
	// Output:
	// discarded: <nil>
	// 418 0
}

// A reverse proxy inside of Handler: the upstream server doesn't see the session's ID.
func ExampleMiddleware_Upstream() {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println("the upstream sees", r.Header["Cookie"])
	}))
	defer upstream.Close()
	sess := newSessions(nil)
	target, err := url.Parse(upstream.URL)
	must(err)
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.Transport = sess.Upstream(nil)

	id, theme := &http.Cookie{Name: "__Host-id", Value: "a session's ID"}, &http.Cookie{Name: "theme", Value: "dark"}
	serve(sess.Handler(proxy), http.MethodGet, "/", id, theme)
	// Output: the upstream sees [theme=dark]
}

// A deploy renames the cookie: a login and a logout also end the sessions of the former one.
func ExampleCookie() {
	sess := newSessions(&web.Config{Cookie: web.Cookie{
		Name: "__Host-shop", Former: []web.FormerCookie{{Name: "sid", Path: "/shop"}},
	}})
	h := sess.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := sess.Authenticate(r.Context(), "user-7"); err != nil {
			w.WriteHeader(web.Status(err))
		}
	}))
	for _, c := range serve(h, http.MethodPost, "/login").Cookies() {
		fmt.Println(c.Name, c.Path, c.Secure, c.HttpOnly, c.MaxAge < 0)
	}
	// Output:
	// sid /shop true true true
	// __Host-shop / true true false
}

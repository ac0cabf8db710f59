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
		page.Execute(w, map[string]any{"Cart": s.Data, "Messages": s.Data.Flash.Take(), "Token": token})
	})
	mux.Handle("GET /devices", sess.RequireSubject(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		devices, err := sess.Sessions(r.Context())
		token, tokenErr := sess.Token(r.Context())
		if err = errors.Join(err, tokenErr); err != nil {
			fail(w, err)
			return
		}
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

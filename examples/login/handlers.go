package main

import (
	"crypto/subtle"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"
)

// password is everybody's, since this is an example. A real application asks its user database,
// with a slow hash, and counts failures.
const password = "demo"

func (a *app) home(w http.ResponseWriter, r *http.Request) { a.show(w, r, http.StatusOK, "home", "") }

func (a *app) count(w http.ResponseWriter, r *http.Request) {
	err := a.sess.Update(r.Context(), func(v *visitor) error { // whatever another tab does at the same time
		v.Count++
		return nil
	})
	if err != nil {
		a.fail(w, r, err)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (a *app) loginForm(w http.ResponseWriter, r *http.Request) {
	a.show(w, r, http.StatusOK, "login", "")
}

// month is how long "keep me signed in" keeps.
const month = 30 * 24 * time.Hour

func (a *app) login(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimSpace(r.PostFormValue("name"))
	if !isName(name) || subtle.ConstantTimeCompare([]byte(r.PostFormValue("password")), []byte(password)) != 1 {
		a.show(w, r, http.StatusUnauthorized, "login", "This name and password don't match.")
		return
	}
	s, err := a.sess.Session(r.Context())
	if err != nil {
		a.fail(w, r, err)
		return
	}
	s.Device = device(r)
	keep := r.PostFormValue("keep") != ""
	if keep {
		s.IdleTimeout, s.AbsoluteTimeout = month, month
	}
	if err := a.sess.Persist(r.Context(), keep); err != nil {
		a.fail(w, r, err)
		return
	}
	s.Data.Flash.Add("Welcome, " + name + ".")
	// A new ID: whoever knew the old one has nothing. Of another user's session, nothing goes
	// along.
	if err := a.sess.Authenticate(r.Context(), name); err != nil {
		a.fail(w, r, err)
		return
	}
	next := r.PostFormValue("next")
	if !isLocal(next) {
		next = "/"
	}
	http.Redirect(w, r, next, http.StatusSeeOther)
}

func (a *app) logout(w http.ResponseWriter, r *http.Request) {
	if err := a.sess.Destroy(r.Context()); err != nil {
		a.show(w, r, http.StatusServiceUnavailable, "message", "You are still signed in: we could not end your session. Please try again.")
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (a *app) password(w http.ResponseWriter, r *http.Request) {
	a.show(w, r, http.StatusOK, "message", "You have signed in a moment ago, so you might change your password here.")
}

// isName reports whether a name can be a user's. It is shown and logged, so it has no control
// characters, and none that turn the direction of the text.
func isName(name string) bool {
	return name != "" && len(name) <= 100 && strings.IndexFunc(name, func(c rune) bool { return !unicode.IsPrint(c) }) < 0
}

// isLocal reports whether a URL is a path on this site, for every browser: they drop tabs and line
// ends, and take a backslash for a slash, so that "/\t/evil.example" is another host.
func isLocal(path string) bool {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || len(path) > 200 {
		return false
	}
	if strings.IndexFunc(path, func(c rune) bool { return c <= ' ' || c > '~' || c == '\\' }) >= 0 {
		return false
	}
	u, err := url.Parse(path)
	return err == nil && u.Host == "" && u.Scheme == ""
}

package main

import (
	"crypto/subtle"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"
)

// password is the password of every user, since this is an example. A real application checks it
// against a slow hash in its user database, and counts failures.
const password = "demo"

func (a *app) home(w http.ResponseWriter, r *http.Request) { a.show(w, r, http.StatusOK, "home", "") }

func (a *app) count(w http.ResponseWriter, r *http.Request) {
	// Update counts right even if other tabs count at the same time.
	err := a.sess.Update(r.Context(), func(v *visitor) error {
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

// month is how long "keep me signed in" lasts.
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
	// Authenticate gives the session a new ID, so a stolen old one is useless. If another user
	// was signed in, it drops that user's data.
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
	a.show(w, r, http.StatusOK, "message", "You signed in a moment ago, so you could change your password here.")
}

// isName reports whether name may be a user's name. Names are shown and logged, so they must not
// contain control characters or change the direction of the text.
func isName(name string) bool {
	return name != "" && len(name) <= 100 && strings.IndexFunc(name, func(c rune) bool { return !unicode.IsPrint(c) }) < 0
}

// isLocal reports whether every browser takes path for a path on this site. Browsers drop tabs and
// line ends and treat a backslash as a slash, so "/\t/evil.example" leads to another host.
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

package main

import (
	"crypto/subtle"
	"net/http"
	"strings"
)

// password is everybody's, since this is an example. A real application asks its user database, with a slow hash, and counts failures.
const password = "demo"

func (a *app) home(w http.ResponseWriter, r *http.Request) { a.show(w, r, http.StatusOK, "home", "") }

func (a *app) count(w http.ResponseWriter, r *http.Request) {
	s, err := a.sess.Session(r.Context())
	if err != nil {
		a.fail(w, r, err)
		return
	}
	s.Data.Count++
	http.Redirect(w, r, "/", http.StatusSeeOther) // saved before this answer goes out
}

func (a *app) loginForm(w http.ResponseWriter, r *http.Request) {
	if next := r.URL.Query().Get("next"); isLocal(next) {
		s, err := a.sess.Session(r.Context())
		if err != nil {
			a.fail(w, r, err)
			return
		}
		s.Data.Next = next
	}
	a.show(w, r, http.StatusOK, "login", "")
}

func (a *app) login(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimSpace(r.PostFormValue("name"))
	if name == "" || len(name) > 100 || subtle.ConstantTimeCompare([]byte(r.PostFormValue("password")), []byte(password)) != 1 {
		a.show(w, r, http.StatusUnauthorized, "login", "This name and password don't match.")
		return
	}
	s, err := a.sess.Session(r.Context())
	if err != nil {
		a.fail(w, r, err)
		return
	}
	next := "/"
	if isLocal(s.Data.Next) {
		next = s.Data.Next
	}
	if s.Subject() != "" && s.Subject() != name {
		s.Data = visitor{} // another user's: nothing of it goes along
	}
	s.Data.Next = ""
	s.Device = device(r)
	if err := a.sess.Authenticate(r.Context(), name); err != nil { // a new ID: who knew the old one has nothing
		a.fail(w, r, err)
		return
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

// isLocal reports whether a path is on this site: one that begins with // is another host's.
func isLocal(path string) bool {
	return strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "//") && !strings.ContainsAny(path, "\\\r\n") && len(path) < 200
}

package main

import (
	"embed"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/event"
	"github.com/dynasession/dynasession/sessions/web"
)

// visitor is the session data of each visitor, signed in or not.
type visitor struct {
	Count int                    `json:"count"`
	Flash sessions.Flash[string] `json:"flash,omitempty"` // messages that the next page shows once
}

type app struct {
	sess *web.Middleware[visitor]
}

//go:embed static
var static embed.FS

// newApp returns the whole application over a store. It logs session events to the logger. If bound
// is not zero, sessions are bound to the device in browsers that support it: see web.Config.
func newApp(store sessions.Store, bound time.Duration, logger *slog.Logger) (http.Handler, error) {
	m, err := sessions.New(store, &sessions.Config[visitor]{
		IdleTimeout: 30 * time.Minute, AbsoluteTimeout: 8 * time.Hour, Observer: event.Log(logger),
	})
	if err != nil {
		return nil, err
	}
	a := &app{}
	if a.sess, err = web.New(m, &web.Config{Error: a.fail, Bound: bound}); err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /static/", http.FileServerFS(static)) // never loads a session
	mux.HandleFunc("GET /{$}", a.home)
	mux.HandleFunc("POST /count", a.count)
	mux.HandleFunc("GET /login", a.loginForm)
	mux.HandleFunc("POST /login", a.posted(a.login))
	mux.HandleFunc("POST /logout", a.posted(a.logout))
	mux.Handle("GET /devices", a.sess.RequireSubject(http.HandlerFunc(a.devices)))
	mux.Handle("POST /devices/end", a.sess.RequireSubject(a.posted(a.endDevice)))
	mux.Handle("POST /devices/end-others", a.sess.RequireSubject(a.posted(a.endOthers)))
	mux.Handle("GET /password", a.sess.RequireFresh(5*time.Minute)(http.HandlerFunc(a.password)))
	return headers(http.NewCrossOriginProtection().Handler(a.sess.Handler(mux))), nil
}

// headers sets headers on every page. Pages are not cached, so that the back button shows nothing
// after a logout.
func headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'; form-action 'self'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

// posted admits a form only with the anti-forgery token of a page that this browser has loaded.
// This is in addition to http.CrossOriginProtection, which refuses requests from other sites.
func (a *app) posted(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 1<<16)
		if err := a.sess.Verify(r); err != nil {
			a.fail(w, r, err)
			return
		}
		next(w, r)
	}
}

// fail writes the response if a session can't be loaded or saved, or lacks what the route requires.
func (a *app) fail(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, web.ErrNoSubject), errors.Is(err, web.ErrNotFresh):
		http.Redirect(w, r, "/login?"+url.Values{"next": {r.URL.RequestURI()}}.Encode(), http.StatusSeeOther)
	case errors.Is(err, web.ErrToken):
		a.show(w, r, web.Status(err), "message", "This page was out of date. Please go back, reload it, and try again.")
	case errors.Is(err, sessions.ErrNotBound):
		a.show(w, r, web.Status(err), "message", "Your browser could not show that it is the one you signed in with. Please try again, or sign in.")
	case errors.Is(err, sessions.ErrRenewed) && r.Method == http.MethodGet:
		// By now the browser has the new cookie.
		http.Redirect(w, r, r.URL.RequestURI(), http.StatusSeeOther)
	case errors.Is(err, sessions.ErrUnavailable):
		a.show(w, r, web.Status(err), "message", "We can't look up your session at the moment. You are not signed out. Please try again in a minute.")
	default:
		a.show(w, r, web.Status(err), "message", "Another request has changed your session. Please try again.")
	}
}

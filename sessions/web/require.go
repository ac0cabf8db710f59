package web

import (
	"net/http"
	"time"
)

// RequireSubject passes only requests of signed-in users to next. Config.Error responds to others,
// with [ErrNoSubject]. Use it inside of Handler.
func (m *Middleware[T]) RequireSubject(next http.Handler) http.Handler {
	return m.require(next, func(subject string, _ time.Time) error {
		if subject == "" {
			return ErrNoSubject
		}
		return nil
	})
}

// maxSkew is how far in the future a login may lie, since this host's clock may be a little slow.
const maxSkew = 5 * time.Second

// RequireFresh returns a middleware for sensitive routes: it admits only users who signed in less
// than maxAge ago, by [Middleware.Authenticate]. Config.Error responds to others, with
// [ErrNotFresh], or [ErrNoSubject] if the visitor has not signed in. Use it inside of Handler. See
// OWASP ASVS 7.5.1 and 7.5.3.
func (m *Middleware[T]) RequireFresh(maxAge time.Duration) func(next http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return m.require(next, func(subject string, since time.Time) error {
			age := m.manager.Clock().Now().Sub(since)
			switch {
			case subject == "":
				return ErrNoSubject
			case age >= maxAge, age < -maxSkew:
				return ErrNotFresh
			}
			return nil
		})
	}
}

func (m *Middleware[T]) require(next http.Handler, check func(subject string, since time.Time) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := m.Session(r.Context())
		if err == nil {
			err = check(s.Subject(), s.CreatedAt())
		}
		if err != nil {
			m.answer(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

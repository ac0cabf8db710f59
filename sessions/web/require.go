package web

import (
	"net/http"
	"time"
)

// RequireSubject returns next for signed-in users only: Config.Error answers others, with [ErrNoSubject]. It goes inside of Handler.
func (m *Middleware[T]) RequireSubject(next http.Handler) http.Handler {
	return m.require(next, func(subject string, _ time.Time) error {
		if subject == "" {
			return ErrNoSubject
		}
		return nil
	})
}

// RequireFresh returns a middleware for routes where much is at stake: it lets pass who has signed in less than maxAge ago, by
// [Middleware.Authenticate]. Config.Error answers others, with [ErrNotFresh], or [ErrNoSubject] if nobody has. It goes inside of
// Handler. OWASP ASVS 7.5.1 and 7.5.3.
func (m *Middleware[T]) RequireFresh(maxAge time.Duration) func(next http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return m.require(next, func(subject string, since time.Time) error {
			switch {
			case subject == "":
				return ErrNoSubject
			case m.manager.Clock().Now().Sub(since) >= maxAge:
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
			m.config.Error(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

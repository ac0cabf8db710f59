package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/internal/recent"
	"github.com/dynasession/dynasession/sessions/web/internal/bound"
)

// The bounds of Config.Bound. A cookie's Max-Age counts whole seconds.
const (
	minBound = time.Second
	maxBound = 24 * time.Hour
)

// validateBound checks the fields about device-bound sessions.
func (c Config) validateBound() error {
	switch {
	case c.Bound == 0 && c.BoundFor != nil:
		return errors.New("Config.BoundFor: must be with Config.Bound")
	case c.Bound == 0 && c.BoundReportOnly:
		return errors.New("Config.BoundReportOnly: must be with Config.Bound")
	case c.Bound == 0:
		return nil
	case c.Bound < minBound:
		return fmt.Errorf("Config.Bound is %v: must be at least %v", c.Bound, minBound)
	case c.Bound > maxBound:
		return fmt.Errorf("Config.Bound is %v: must be at most %v", c.Bound, maxBound)
	case !c.hasCookie:
		return nil
	case c.Cookie.Insecure:
		return errors.New("Config.Bound: must not be with Cookie.Insecure, browsers bind sessions over TLS only")
	case c.Cookie.Domain != "":
		return errors.New("Config.Bound: must not be with Cookie.Domain, a browser binds a session to one host")
	}
	return nil
}

func (c Config) boundName() string { return c.Cookie.Name + "-bound" }

// boundCookie returns the cookie that a browser renews by signing. It has the attributes of the
// session's cookie, and expires after Config.Bound.
func (c Config) boundCookie(value string) *http.Cookie {
	cookie := c.Cookie.cookie(value)
	cookie.Name = c.boundName()
	cookie.MaxAge = int(c.Bound / time.Second)
	return cookie
}

// boundAttributes returns the attributes by which the browser recognises the bound cookie.
func (c Config) boundAttributes() string {
	cookie := c.boundCookie("")
	cookie.MaxAge = 0
	_, attributes, _ := strings.Cut(cookie.String(), "; ")
	return attributes
}

// boundPath returns a path that the middleware answers itself. It is below the cookie's, and has
// the cookie's name in it unless that is the default one, so that applications can share a host.
func (c Config) boundPath(last string) string {
	path := strings.TrimSuffix(c.Cookie.Path, "/") + "/.dbsc/"
	if c.Cookie.Name != defaultName {
		path += c.Cookie.Name + "/"
	}
	return path + last
}

// accepted remembers the proofs that a Middleware has accepted, since each counts once.
type accepted struct {
	refreshes *bound.Spent // of browsers
	proofs    *bound.Spent // of API clients
}

func newAccepted(life time.Duration) accepted {
	return accepted{bound.NewSpent(life + 2*bound.Slack), bound.NewSpent(2*bound.ProofWindow + bound.Slack)}
}

// serveBound answers a browser that registers a session's key or refreshes the bound cookie. It
// reports whether r is such a request.
func (m *Middleware[T]) serveBound(w http.ResponseWriter, r *http.Request) bool {
	var serve func(http.ResponseWriter, *http.Request) int
	switch r.URL.Path {
	case "":
		return false
	case m.config.registerPath:
		serve = m.register
	case m.config.refreshPath:
		serve = m.refresh
	default:
		return false
	}
	w.Header().Set("Cache-Control", "no-store")
	status := http.StatusMethodNotAllowed
	if r.Method == http.MethodPost {
		status = serve(w, r)
	} else {
		w.Header().Set("Allow", http.MethodPost)
	}
	if status != http.StatusOK {
		w.WriteHeader(status)
	}
	return true
}

// The statuses of responses to a browser.
const (
	boundOver  = http.StatusUnauthorized       // the binding is over
	boundAgain = http.StatusForbidden          // sign the challenge that is in the header
	boundLater = http.StatusServiceUnavailable // try again at the next request
)

// register binds the session to the browser's new key, once, and responds with the first bound
// cookie. It refuses what it can before it calls the store.
func (m *Middleware[T]) register(w http.ResponseWriter, r *http.Request) int {
	response, err := bound.ParseResponse(r.Header.Values(bound.HeaderResponse))
	if err != nil {
		return m.refuse(r, "registration", err)
	}
	var next bound.Binding
	s, err := m.findBound(r, m.manager.Load, func(b bound.Binding) (err error) {
		next, err = b.Register(response, m.manager.Clock().Now())
		return err
	})
	if err != nil {
		return m.refuse(r, "registration", err)
	}
	err = m.manager.Bind(r.Context(), s, next.Bytes())
	if errors.Is(err, sessions.ErrUnavailable) {
		// Browsers try once; a repeated Bind is recognised.
		err = m.manager.Bind(r.Context(), s, next.Bytes())
	}
	if err != nil {
		return m.refuse(r, "registration", err)
	}
	m.giveBoundCookie(w, next)
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(bound.Instructions(next.Identifier(), m.config.refreshPath, m.config.boundName(), m.config.boundAttributes()))
	return http.StatusOK
}

// refresh gives the browser a new bound cookie if it proves that it has the session's key.
func (m *Middleware[T]) refresh(w http.ResponseWriter, r *http.Request) int {
	identifier, err := bound.SessionID(r.Header.Values(bound.HeaderSessionID))
	if err != nil {
		return m.refuse(r, "refresh", err)
	}
	var response bound.Response // the zero Response has no challenge, so the browser gets one
	if signed := r.Header.Values(bound.HeaderResponse); len(signed) > 0 {
		if response, err = bound.ParseResponse(signed); err != nil {
			return m.refuse(r, "refresh", err)
		}
	}
	var binding bound.Binding
	if _, err = m.findBound(r, m.manager.Peek, func(b bound.Binding) error {
		if binding = b; !b.Browser() || b.Identifier() != identifier {
			return bound.ErrUnregistered
		}
		return nil
	}); err != nil {
		return m.refuse(r, "refresh", err)
	}
	now := m.manager.Clock().Now()
	err = binding.Refresh(response, m.config.Bound, now)
	if err == nil && !m.accepted.refreshes.Spend(response.Spent(), now) {
		err = bound.ErrReplayed
	}
	switch {
	case err == nil:
		m.giveBoundCookie(w, binding)
		w.WriteHeader(http.StatusOK)
		return http.StatusOK
	case errors.Is(err, bound.ErrChallenge), errors.Is(err, bound.ErrExpired), errors.Is(err, bound.ErrReplayed):
		w.Header().Set(bound.HeaderChallenge, bound.Challenge(binding.Challenge(now), identifier))
		return boundAgain
	default:
		return m.refuse(r, "refresh", err)
	}
}

// giveBoundCookie gives the browser a bound cookie, and the challenge for its next refresh.
func (m *Middleware[T]) giveBoundCookie(w http.ResponseWriter, b bound.Binding) {
	now := m.manager.Clock().Now()
	w.Header().Add("Set-Cookie", m.config.boundCookie(b.Cookie(now)).String())
	w.Header().Set(bound.HeaderChallenge, bound.Challenge(b.Challenge(now), b.Identifier()))
}

// findBound returns the session whose binding is accepted, of the sessions whose IDs came with the
// request; some may be planted.
func (m *Middleware[T]) findBound(
	r *http.Request, load func(context.Context, string) (*sessions.Session[T], error), accept func(bound.Binding) error,
) (*sessions.Session[T], error) {
	sent := (&visit[T]{middleware: m, request: r}).readSent()
	if sent.byHeader {
		return nil, ErrTwoIDs
	}
	refused, later := error(sessions.ErrNotFound), error(nil)
	for _, id := range sent.ids {
		// Another host may have just registered the key.
		s, err := load(recent.Afresh(r.Context()), id)
		if err == nil {
			var b bound.Binding
			if binding := s.Binding(); len(binding) == 0 {
				err = bound.ErrUnregistered
			} else if b, err = bound.Parse(binding); err == nil {
				err = accept(b)
			}
			if err == nil {
				return s, nil
			}
			refused = err
		} else if errors.Is(err, sessions.ErrRenewed) || !errors.Is(err, sessions.ErrNotFound) {
			later = err // the store is unavailable, or the session has another ID by now
		}
	}
	if later != nil {
		return nil, fmt.Errorf("%w: %w", errLater, later)
	}
	return nil, refused
}

// errLater means that a browser should try again: nothing is wrong with what it has sent.
var errLater = errors.New("not now")

// refuse returns the status for a browser whose registration or refresh failed with err.
func (m *Middleware[T]) refuse(r *http.Request, what string, err error) int {
	status := boundOver
	if errors.Is(err, errLater) || errors.Is(err, sessions.ErrUnavailable) || errors.Is(err, sessions.ErrRenewed) {
		status = boundLater
	}
	// After a logout every browser makes one more refresh.
	if !errors.Is(err, sessions.ErrNotFound) {
		m.log(r.Context(), r, fmt.Errorf("web: %s of a device-bound session: %w", what, err))
	}
	return status
}

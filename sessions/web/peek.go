package web

import (
	"context"
	"errors"
	"time"

	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/internal/recent"
)

// Peek reads the session as it is stored now, without recording an access: use it for polling and
// streams, which should not keep a session alive. Each call makes a store call, unless
// sessions.Config.PeekFor lets it answer from memory: see [sessions.Manager.Peek]. The session that
// it returns is read-only, and new if the request has none. The errors are those of
// [Middleware.Session].
func (m *Middleware[T]) Peek(ctx context.Context) (*sessions.Session[T], error) {
	v, err := m.visit(ctx)
	if err != nil {
		return nil, err
	}
	var s *sessions.Session[T]
	err = v.turn.run(ctx, func() error {
		if err := timedOut(ctx); err != nil {
			return err
		}
		v.mu.Lock()
		detached := v.standing.detached
		v.mu.Unlock()
		if !detached {
			s, _, err = v.find(ctx, v.peekProven)
		}
		if err == nil && s == nil {
			s = m.create()
		}
		return err
	})
	return s, err
}

// waitInterval is how often WaitEnd checks, and so the longest that a stream outlives its session.
const waitInterval = 5 * time.Second

// WaitEnd blocks until the request's session has ended, by a logout elsewhere, a revocation or a
// timeout, and returns nil. Use it to end streams and WebSockets, which must not outlive their
// session. It returns at most 5 seconds late, shares its reads with other calls, and records no
// access. The error is [sessions.ErrRenewed] if the session's ID was exchanged for another: end the
// stream, and the client connects again with its new cookie. It is ErrNotFound if the request has
// no session, and the error of ctx if ctx is done before.
func (m *Middleware[T]) WaitEnd(ctx context.Context) error {
	// A separate copy: the handler may change the session concurrently.
	s, err := m.Peek(recent.Afresh(ctx))
	if err != nil {
		return err
	}
	if s.IsNew() {
		return errNoSession
	}
	return m.manager.WaitEnd(ctx, s, waitInterval)
}

var errNoSession = errors.Join(errors.New("web: the request has no session"), sessions.ErrNotFound)

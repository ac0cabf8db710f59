package web

import (
	"context"
	"errors"
	"time"

	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/internal/recent"
)

// Peek reads the session as it is stored now, and records no access: polling and streams, which ask
// without the user's doing anything, keep no session alive so. Each call asks the store, unless
// sessions.Config.PeekFor lets it answer from memory: see [sessions.Manager.Peek]. What it returns
// is for reading, and nothing of it is saved; without a session it is a new one. The errors are
// those of [Middleware.Session].
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
		if s, _, err = v.find(ctx, v.peekProven); err == nil && s == nil {
			s = m.create()
		}
		return err
	})
	return s, err
}

// waitInterval is how often WaitEnd looks, and so how much longer than its session a stream lives
// at most.
const waitInterval = 5 * time.Second

// WaitEnd blocks until the request's session has ended, by a logout elsewhere, a revocation or its
// time, and returns nil then: a stream or a WebSocket must not outlive its session. It returns at
// most 5 seconds late, costs a share of one read in 5 seconds, and records no access. The error is
// [sessions.ErrRenewed] if the session goes on under another ID: end the stream, the client
// connects again with its new cookie. It is ErrNotFound if the request has no session, and that of
// ctx if it is done before.
func (m *Middleware[T]) WaitEnd(ctx context.Context) error {
	s, err := m.Peek(recent.Afresh(ctx)) // one of its own: the handler may change the session at the same time
	if err != nil {
		return err
	}
	if s.IsNew() {
		return errNoSession
	}
	return m.manager.WaitEnd(ctx, s, waitInterval)
}

var errNoSession = errors.Join(errors.New("web: the request has no session"), sessions.ErrNotFound)

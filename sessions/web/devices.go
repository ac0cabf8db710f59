package web

import (
	"context"

	"github.com/dynasession/dynasession/sessions"
)

// Sessions returns the signed-in user's sessions, with that of this request marked as Current, for
// a page that lists the user's devices (OWASP ASVS 7.5.2). The error is [ErrNoSubject] if nobody
// has signed in, otherwise that of [sessions.Manager.Sessions].
func (m *Middleware[T]) Sessions(ctx context.Context) ([]sessions.Info, error) {
	var infos []sessions.Info
	err := m.asUser(ctx, func(v *visit[T], s *sessions.Session[T]) (err error) {
		if err = v.settleID(ctx, s); err != nil {
			return err
		}
		infos, err = m.manager.Sessions(ctx, s.Subject())
		for i := range infos {
			infos[i].Current = infos[i].Handle == s.Handle()
		}
		return err
	})
	return infos, err
}

// Revoke ends one of the signed-in user's sessions, by its handle: see [sessions.Manager.Revoke].
// For this request's own session it calls Destroy.
func (m *Middleware[T]) Revoke(ctx context.Context, handle string) error {
	own := false
	err := m.asUser(ctx, func(_ *visit[T], s *sessions.Session[T]) error {
		if own = handle == s.Handle(); own {
			return nil
		}
		return m.manager.Revoke(ctx, s.Subject(), handle)
	})
	if own {
		return m.Destroy(ctx)
	}
	return err
}

// RevokeOthers ends all of the user's sessions except that of this request, and returns how many
// (OWASP ASVS 7.4.3). Call it after a change of password, say, and Renew with it: whoever has a
// copy of this browser's cookie has this session. See [sessions.Manager.RevokeAll].
func (m *Middleware[T]) RevokeOthers(ctx context.Context) (int, error) {
	n := 0
	err := m.asUser(ctx, func(_ *visit[T], s *sessions.Session[T]) (err error) {
		n, err = m.manager.RevokeAll(ctx, s.Subject(), s.Handle())
		return err
	})
	return n, err
}

// asUser calls f with the session of the user who has signed in.
func (m *Middleware[T]) asUser(ctx context.Context, f func(*visit[T], *sessions.Session[T]) error) error {
	v, err := m.visit(ctx)
	if err != nil {
		return err
	}
	return v.turn.run(ctx, func() error {
		s, err := v.load(ctx)
		if err == nil && s.Subject() == "" {
			err = ErrNoSubject
		}
		if err != nil {
			return err
		}
		return f(v, s)
	})
}

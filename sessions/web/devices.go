package web

import (
	"context"

	"github.com/dynasession/dynasession/sessions"
)

// Sessions returns the sessions of the user who has signed in, that of this request marked as Current: for a page of the user's devices
// (OWASP ASVS 7.5.2). The error is [ErrNoSubject] if nobody has signed in, else that of [sessions.Manager.Sessions].
func (m *Middleware[T]) Sessions(ctx context.Context) ([]sessions.Info, error) {
	s, err := m.signedIn(ctx)
	if err != nil {
		return nil, err
	}
	infos, err := m.manager.Sessions(ctx, s.Subject())
	for i := range infos {
		infos[i].Current = infos[i].Handle == s.Handle()
	}
	return infos, err
}

// Revoke ends one of the user's own sessions, by its handle, see [sessions.Manager.Revoke]. For that of this request it is Destroy.
func (m *Middleware[T]) Revoke(ctx context.Context, handle string) error {
	s, err := m.signedIn(ctx)
	if err != nil {
		return err
	}
	if handle == s.Handle() {
		return m.Destroy(ctx)
	}
	return m.manager.Revoke(ctx, s.Subject(), handle)
}

// RevokeOthers ends all of the user's sessions but that of this request, and returns how many (OWASP ASVS 7.4.3): after a change of
// password, say. See [sessions.Manager.RevokeAll].
func (m *Middleware[T]) RevokeOthers(ctx context.Context) (int, error) {
	s, err := m.signedIn(ctx)
	if err != nil {
		return 0, err
	}
	return m.manager.RevokeAll(ctx, s.Subject(), s.Handle())
}

func (m *Middleware[T]) signedIn(ctx context.Context) (*sessions.Session[T], error) {
	s, err := m.Session(ctx)
	if err == nil && s.Subject() == "" {
		err = ErrNoSubject
	}
	return s, err
}

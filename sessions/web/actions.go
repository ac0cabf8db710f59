package web

import (
	"context"
	"errors"

	"github.com/dynasession/dynasession/sessions"
)

// Save saves the session now, even if it is new and empty, and returns what would otherwise be Config.Error's to tell. It is the way
// to save what changes after the answer has begun, as in a stream of events; a new session can't be begun then: that is ErrCommitted.
// The error is that of [sessions.Manager.Save] or of [Middleware.Session].
func (m *Middleware[T]) Save(ctx context.Context) error {
	return m.change(ctx, false, func(v *visit[T]) error { return m.manager.Save(ctx, v.session) })
}

// Authenticate binds the session to subject, the user who has just signed in, under a new ID and with a new lifetime, and gives the
// client its cookie: see [sessions.Manager.Authenticate], whose errors it returns. After the answer has begun it is ErrCommitted,
// and nothing is done.
func (m *Middleware[T]) Authenticate(ctx context.Context, subject string) error {
	bind := m.bindsLogin(ctx, subject)
	return m.change(ctx, true, func(v *visit[T]) error { return v.authenticate(ctx, subject, bind) })
}

// Renew gives the session a new ID, and the client its cookie: see [sessions.Manager.Renew], whose errors it returns. After the answer
// has begun it is ErrCommitted, and nothing is done.
func (m *Middleware[T]) Renew(ctx context.Context) error {
	return m.change(ctx, true, func(v *visit[T]) error { return m.manager.Renew(ctx, v.session) })
}

// change does what changes the session in the store, and tells the client.
func (m *Middleware[T]) change(ctx context.Context, renews bool, do func(*visit[T]) error) error {
	v, err := m.visit(ctx)
	if err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if renews && v.committed {
		return ErrCommitted
	}
	s, err := v.load(ctx)
	if err != nil {
		return err
	}
	if v.committed && s.IsNew() {
		return ErrCommitted
	}
	if !renews && v.unproven() {
		return v.proof.missing
	}
	if err := do(v); err != nil {
		return err
	}
	if !v.committed {
		v.tell()
	}
	return nil
}

// Destroy ends the session, without loading it if it isn't yet, and takes the cookie away: the next Session is a new one. It goes
// through even if the client has hung up, and after the answer has begun too. If the store fails, the error is
// [sessions.ErrUnavailable], the session may still be alive, and the client keeps its cookie: tell the user.
func (m *Middleware[T]) Destroy(ctx context.Context) error {
	v, err := m.visit(ctx)
	if err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if err := v.destroy(ctx); err != nil {
		return err
	}
	v.asked, v.wanted, v.err = true, false, nil
	v.session, v.known, v.dead = m.manager.Create(), known{}, v.sent > 0
	v.proof = deviceProof{}
	v.dropBoundCookie()
	if !v.committed {
		v.tell()
	}
	return nil
}

func (v *visit[T]) destroy(ctx context.Context) error {
	if v.session != nil {
		return v.middleware.manager.Destroy(ctx, v.session)
	}
	for i, id := range v.ids() {
		if i == maxCandidates {
			break
		}
		if err := v.middleware.manager.DestroyID(ctx, id); err != nil && !errors.Is(err, sessions.ErrInvalidID) {
			return err
		}
	}
	return nil
}

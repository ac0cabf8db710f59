package sessions

import (
	"context"
	"errors"
)

// Renew gives the session a new ID, in one atomic step: when it returns, the old ID is dead for every Manager, and the session
// lives on under the new one, which [Session.ID] returns: same lifetime, same subject, and the data in hand, which is saved with it.
// Call it when what the session may do changes (OWASP ASVS 7.2.4); for a login there is [Manager.Authenticate]. One transaction
// of two writes; none for a session that was never saved.
//
// Once begun, Renew goes through even if ctx is cancelled meanwhile. Of several Renews of one session at the same time one
// succeeds. The error is that of [Manager.Save], and then the session in hand has its old ID still. After
// [ErrOutcomeUnknown] it may live under either; Renew may be called again, and finds out.
func (m *Manager[T]) Renew(ctx context.Context, s *Session[T]) error {
	ctx, w := m.watch(ctx, "renew")
	if err := m.rename(ctx, s, change{rename: true}); err != nil {
		return w.done(eventOf(w, "", s), err)
	}
	return w.done(eventOf(w, EventRenewed, s), nil)
}

// rename applies a change with a new ID. A new ID that is taken, which 128 random bits make a rumour, is followed by another.
func (m *Manager[T]) rename(ctx context.Context, s *Session[T], c change) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := usable(s); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	if !s.stored {
		if err := m.renameUnsaved(ctx, s); err != nil {
			return err
		}
		if c.subject == "" {
			return nil
		}
		c.rename = false // it has its new ID already
	}
	var err error
	for range createAttempts {
		if err = m.apply(ctx, s, c, m.merge); !errors.Is(err, ErrExists) {
			return err
		}
	}
	return err
}

// renameUnsaved gives a session that was never saved another ID. If a save of it is in doubt, what that may have stored is deleted.
func (m *Manager[T]) renameUnsaved(ctx context.Context, s *Session[T]) error {
	if len(s.unsure) > 0 {
		if err := m.store.Delete(ctx, s.rec.Key); err != nil {
			return err
		}
	}
	s.id, s.unsure = m.ids.New(), nil
	s.rec.Key = m.ids.Key(s.id)
	return nil
}

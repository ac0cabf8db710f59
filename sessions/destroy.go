package sessions

import (
	"context"
	"time"
)

// Destroy ends the session: its record is gone when Destroy returns, and no request still under way can write it back. That
// it was gone already is not an error. One store call; none for a session that was never saved. Of a session that
// has a subject, it takes the entry in the subject's list along.
//
// Destroy goes through even if ctx is done, as it is when the client that logs out has hung up; the store's own
// deadline bounds it. If it fails, the session may still be alive: the user must be told, and it may be called again.
func (m *Manager[T]) Destroy(ctx context.Context, s *Session[T]) error {
	ctx, w := m.watch(ctx, "destroy")
	if s == nil || s.id == (ID{}) {
		return w.done(Event{}, errForeignSession)
	}
	if err := m.destroy(context.WithoutCancel(ctx), s); err != nil {
		return w.done(eventOf(w, "", s), err)
	}
	s.gone = true
	return w.done(eventOf(w, EventDestroyed, s), nil)
}

// destroy removes the record of s, and that under which it may live since a rename in doubt: the old one first, so that the rename can't
// be applied any more, only have been.
func (m *Manager[T]) destroy(ctx context.Context, s *Session[T]) error {
	if s.stored || len(s.unsure) > 0 {
		if err := m.remove(ctx, s.rec.Subject, s.rec.Key); err != nil {
			return err
		}
	}
	if s.target == (ID{}) {
		return nil
	}
	return m.remove(ctx, s.rec.Subject, m.ids.Key(s.target))
}

// remove removes a record, and its entry in its subject's roster.
func (m *Manager[T]) remove(ctx context.Context, subject, key string) error {
	if m.rosters == nil || subject == "" {
		return m.store.Delete(ctx, key)
	}
	return m.rosters.Transact(ctx, Transaction{Token: newRev(), Remove: []Remove{{Key: key}}, Rosters: []RosterChange{{
		Key: rosterKey(subject), Rev: newRev(), Leave: []string{key}, Expires: m.now().Add(time.Hour).Truncate(time.Second),
	}}})
}

// DestroyID ends the session of the ID that a client sent, without loading it, as [Manager.Destroy] does. That there is no
// such session is not an error; the error is [ErrInvalidID] if there can't be one. The subject's list forgets it later.
func (m *Manager[T]) DestroyID(ctx context.Context, id string) error {
	ctx, w := m.watch(ctx, "destroy")
	parsed, err := m.parse(id)
	if err == nil {
		err = m.store.Delete(context.WithoutCancel(ctx), m.ids.Key(parsed))
	}
	if err == nil && w.observer == nil {
		return nil
	}
	return w.done(Event{Kind: EventDestroyed, Handle: sentHandle(id)}, err)
}

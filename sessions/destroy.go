package sessions

import "context"

// Destroy ends the session: its record is gone when Destroy returns, and no request still under way can write it back. That
// it was gone already is not an error. One store call; none for a session that was never saved.
//
// Destroy goes through even if ctx is done, as it is when the client that logs out has hung up; the store's own
// deadline bounds it. If it fails, the session may still be alive: the user must be told, and it may be called again.
func (m *Manager[T]) Destroy(ctx context.Context, s *Session[T]) error {
	if s == nil || s.id == (ID{}) {
		return failed("destroy", "", errForeignSession)
	}
	ctx = context.WithoutCancel(ctx)
	if s.stored || len(s.unsure) > 0 {
		if err := m.store.Delete(ctx, s.rec.Key); err != nil {
			return failed("destroy", s.Handle(), err)
		}
	}
	if s.target != (ID{}) { // now that the old record is gone, a rename in doubt can't be applied any more: only have been
		if err := m.store.Delete(ctx, m.ids.Key(s.target)); err != nil {
			return failed("destroy", s.Handle(), err)
		}
	}
	s.gone = true
	return nil
}

// DestroyID ends the session of the ID that a client sent, without loading it, as [Manager.Destroy] does. That there is no
// such session is not an error; the error is [ErrInvalidID] if there can't be one.
func (m *Manager[T]) DestroyID(ctx context.Context, id string) error {
	parsed, err := m.parse(id)
	if err != nil {
		return failed("destroy", sentHandle(id), err)
	}
	if err := m.store.Delete(context.WithoutCancel(ctx), m.ids.Key(parsed)); err != nil {
		return failed("destroy", sentHandle(id), err)
	}
	return nil
}

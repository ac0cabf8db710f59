package sessions

import (
	"context"
	"errors"

	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/event"
)

// Destroy ends the session. When it returns, the session is dead for every Manager, even if another
// request has renewed its ID in the meantime, and no request that is still running can bring it
// back. If it has ended already, that is not an error. It makes one store call, two if the session
// has a subject, none if it was never saved. It doesn't decrypt or decode the data.
//
// Destroy completes even if ctx is done, as it is when the client has hung up; the store's own
// timeout bounds it. If it fails, the session may still be alive: tell the user, or call it again.
func (m *Manager[T]) Destroy(ctx context.Context, s *Session[T]) error {
	ctx, o := m.observe(ctx, "destroy")
	if isForeign(s) {
		return o.done(event.Event{}, errForeignSession)
	}
	if err := m.destroy(context.WithoutCancel(ctx), s); err != nil {
		return o.done(eventOf(o, "", s), err)
	}
	s.gone = true
	return o.done(eventOf(o, event.Destroyed, s), nil)
}

// destroy ends the session of s, and the one that an exchange in doubt may have stored. It ends the
// old one first, so that the exchange can't commit afterwards.
func (m *Manager[T]) destroy(ctx context.Context, s *Session[T]) error {
	if s.stored || len(s.inDoubt) > 0 || s.moving != nil {
		if err := m.endFollowing(ctx, s.rec, driver.Destroyed); err != nil {
			return err
		}
	}
	if s.moving != nil && s.moving.rec.Key != s.rec.Key {
		return m.endFollowing(ctx, s.moving.rec, driver.Destroyed)
	}
	return nil
}

// DestroyID ends the session of the ID that a client sent, without loading it, as [Manager.Destroy]
// does. If there is no such session, that is not an error; if no session can have this ID, the
// error is [ErrInvalidID]. With Config.Application it leaves sessions of other applications alone,
// which takes one more read; without, it ends any session with this ID.
func (m *Manager[T]) DestroyID(ctx context.Context, id string) error {
	ctx, o := m.observe(ctx, "destroy")
	parsed, err := m.parse(id)
	if err == nil {
		err = m.destroyKey(context.WithoutCancel(ctx), m.ids.Key(parsed))
	}
	if err == nil && o.observer == nil {
		return nil
	}
	return o.done(event.Event{Kind: event.Destroyed, Handle: sentHandle(id)}, err)
}

// destroyKey ends the session of a key, unless it is another application's.
func (m *Manager[T]) destroyKey(ctx context.Context, key string) error {
	if m.application != "" {
		if foreign, err := m.isForeign(ctx, key); foreign || err != nil {
			return err
		}
	}
	return m.endFollowing(ctx, driver.Record{Key: key}, driver.Destroyed)
}

// isForeign reports whether the session of a key belongs to another application. It follows
// renewals. A session that has ended doesn't show whose it was.
func (m *Manager[T]) isForeign(ctx context.Context, key string) (bool, error) {
	for range mostRenewals {
		found, err := m.store.LoadAll(ctx, []string{key})
		if err != nil {
			return false, err
		}
		var ended *driver.EndedError
		if !errors.As(found[0].Err, &ended) || ended.Marker.Next == "" {
			return found[0].Err == nil && !m.owns(found[0].Record), nil
		}
		key = ended.Marker.Next
	}
	return false, ErrConflict
}

// mostRenewals bounds how many renewals of one session are followed: all of them took place within
// the last half hour.
const mostRenewals = 1000

// endFollowing ends the session of a record without a condition, and if it was renewed also the
// session under the next key.
func (m *Manager[T]) endFollowing(ctx context.Context, rec driver.Record, why driver.Reason) error {
	for range mostRenewals {
		next, err := m.endOne(ctx, rec, why)
		if err != nil || next == "" {
			return err
		}
		rec = driver.Record{Key: next}
	}
	return ErrConflict
}

// endOne ends the session of a record without a condition, and drops it from the lists that rec, or
// the ended record, names. If the session was renewed before, endOne returns the next key.
func (m *Manager[T]) endOne(ctx context.Context, rec driver.Record, why driver.Reason) (next string, err error) {
	was, err := m.rosters.End(ctx, rec.Key, why, nil)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return "", err
	}
	if was.Key != "" {
		rec = was
	}
	m.leaveLists(ctx, rec, "")
	var ended *driver.EndedError
	if errors.As(err, &ended) {
		next = ended.Marker.Next
	}
	return next, nil
}

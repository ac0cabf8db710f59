package sessions

import (
	"context"
	"errors"
	"fmt"
)

// Load returns the session of the ID that a client sent, and records the access if the last recorded one is older than
// Config.TouchInterval: one read, and once in that interval one write. It is strongly consistent: a session that any Manager
// destroyed or renewed before is not found.
//
// The error is [ErrNotFound] if there is no such session, [ErrExpired] if a deadline has passed, [ErrInvalidID] if no
// session can have this ID, and [ErrDecode] if its data is no T. The first holds for the first three, by [errors.Is].
func (m *Manager[T]) Load(ctx context.Context, id string) (*Session[T], error) {
	ctx, w := m.watch(ctx, "load")
	s, err := m.load(ctx, id)
	if err != nil {
		return nil, w.done(Event{Handle: sentHandle(id)}, err)
	}
	return s, w.done(eventOf(w, EventLoaded, s), nil)
}

// LoadOrCreate returns the session of the ID that a client sent, or, if there is none, a new one: under a new ID, whatever
// the client sent, and not saved yet. A store that fails or holds what can't be decoded is an error, never a new session.
func (m *Manager[T]) LoadOrCreate(ctx context.Context, id string) (*Session[T], error) {
	s, err := m.Load(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return m.Create(), nil
	}
	return s, err
}

// load is Load, with errors as they come.
func (m *Manager[T]) load(ctx context.Context, text string) (*Session[T], error) {
	id, err := m.parse(text)
	if err != nil {
		return nil, err
	}
	rec, err := m.store.Load(ctx, m.ids.Key(id))
	if err != nil {
		return nil, err
	}
	now := m.now()
	if err := rec.over(now); err != nil {
		return nil, err
	}
	if ended, err := m.ended(ctx, rec, now); err != nil {
		return nil, err
	} else if ended {
		return nil, ErrNotFound
	}
	data, err := m.codec.Decode(rec.Payload)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDecode, err)
	}
	rec, err = m.recordAccess(ctx, rec, now)
	if err != nil {
		return nil, err
	}
	s := &Session[T]{
		Data: data, IdleTimeout: rec.IdleTimeout, AbsoluteTimeout: rec.AbsoluteTimeout, Device: rec.Device,
		id: id, rec: rec, stored: true,
	}
	m.remember(s)
	return s, nil
}

// maxLoggedID is the longest text that is hashed for an error's handle: longer than any ID, and cheap.
const maxLoggedID = 4096

// sentHandle returns the handle, for an error, of the text that a client sent, of one that is no ID too: it tells which of the
// client's attempts a log line speaks of.
func sentHandle(text string) string {
	if len(text) > maxLoggedID {
		return ""
	}
	return loggable(text)
}

// parse returns the ID whose text a client sent.
func (m *Manager[T]) parse(text string) (ID, error) {
	id, err := m.ids.Parse(text)
	if err != nil && !errors.Is(err, ErrInvalidID) {
		err = fmt.Errorf("%w: %w", ErrInvalidID, err)
	}
	return id, err
}

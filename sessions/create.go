package sessions

import (
	"context"
	"errors"
)

// createAttempts bounds how often CreateAndSave takes another ID when one is taken, which 128 random bits make a rumour.
const createAttempts = 4

// Create returns a new session with a fresh ID, the Manager's timeouts and zero data. Nothing is stored before [Manager.Save].
func (m *Manager[T]) Create() *Session[T] {
	now := m.now()
	id := m.ids.New()
	return &Session[T]{
		IdleTimeout:     m.idle,
		AbsoluteTimeout: m.absolute,
		id:              id,
		rec: Record{
			Key: m.ids.Key(id), Created: now, Accessed: now,
			IdleTimeout: m.idle, AbsoluteTimeout: m.absolute,
		},
	}
}

// CreateAndSave returns a new session that holds data and is stored: one store call.
func (m *Manager[T]) CreateAndSave(ctx context.Context, data T) (*Session[T], error) {
	ctx, w := m.watch(ctx, "create")
	var err error
	for range createAttempts {
		s := m.Create()
		s.Data = data
		if err = m.apply(ctx, s, change{}, nil); err == nil {
			return s, w.done(eventOf(w, EventCreated, s), nil)
		}
		if !errors.Is(err, ErrExists) {
			return nil, w.done(eventOf(w, "", s), err)
		}
	}
	return nil, w.done(Event{}, err)
}

package sessions

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/event"
)

// maxBinding is the length of the longest binding, in bytes.
const maxBinding = 1024

var errBinding = errors.New("invalid binding")

func checkBinding(binding []byte) error {
	if n := len(binding); n > maxBinding || n > 0 && n < driver.FixedBinding {
		return fmt.Errorf("%w: has %d bytes, must have none, or at least %d and at most %d", errBinding, n, driver.FixedBinding, maxBinding)
	}
	return nil
}

// Bind replaces the session's binding to a device: see [Manager.AuthenticateBound]. The first 33
// bytes must stay the same. It is one write, and doesn't conflict with a Save of the session. The
// error is [ErrConflict] if the stored binding differs from that of s, and [ErrNotFound] if the
// session has ended.
func (m *Manager[T]) Bind(ctx context.Context, s *Session[T], binding []byte) error {
	ctx, o := m.observe(ctx, "bind")
	err := usable(s)
	if err == nil {
		err = m.bind(ctx, s, bytes.Clone(binding))
	}
	if err != nil {
		return o.done(eventOf(o, "", s), err)
	}
	return o.done(eventOf(o, event.Bound, s), nil)
}

func (m *Manager[T]) bind(ctx context.Context, s *Session[T], binding []byte) error {
	if err := checkBinding(binding); err != nil {
		return err
	}
	if was := s.rec.Binding; len(was) < driver.FixedBinding || !bytes.HasPrefix(binding, was[:driver.FixedBinding]) {
		return fmt.Errorf("%w: must begin with the first %d bytes of the session's", errBinding, driver.FixedBinding)
	}
	if err := m.store.Bind(ctx, s.rec.Key, binding, s.rec.Binding); err != nil {
		return err
	}
	s.rec.Binding = binding
	return nil
}

// LoadBound is [Manager.Load] for a request that may have to prove that it comes from the session's
// device: if the session has a binding, LoadBound calls prove with it before it records an access.
// If prove returns an error, LoadBound returns an [ErrNotBound] that wraps it and doesn't change
// the session. The text of prove's error is logged.
func (m *Manager[T]) LoadBound(ctx context.Context, id string, prove func(binding []byte) error) (*Session[T], error) {
	return m.loadAs(ctx, "load", id, true, prove)
}

// PeekBound is [Manager.Peek] with the check of [Manager.LoadBound]. With Config.PeekFor the
// binding may be as old as the session: if prove refuses one from memory, it is called again with
// the stored one.
func (m *Manager[T]) PeekBound(ctx context.Context, id string, prove func(binding []byte) error) (*Session[T], error) {
	return m.loadAs(ctx, "peek", id, false, prove)
}

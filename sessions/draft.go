package sessions

import (
	"errors"
	"fmt"
	"time"

	"github.com/dynasession/dynasession/codec"
)

var (
	errEncode         = errors.New("data can't be encoded")
	errTimeout        = errors.New("invalid timeout")
	errForeignSession = errors.New("not a session that a Manager made")
)

// encode returns the payload of data, which a store can rely on.
func (m *Manager[T]) encode(data T) (codec.Payload, error) {
	p, err := m.codec.Encode(data)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errEncode, err)
	}
	if p == nil || p.Format() == "" {
		return nil, fmt.Errorf("%w: the codec %T returned no payload, or one without a format", errEncode, m.codec)
	}
	return p, nil
}

// next returns the record that a save at now stores.
func (s *Session[T]) next(payload codec.Payload, now time.Time) Record {
	rec := s.rec
	rec.Payload, rec.Rev = payload, newRev()
	rec.IdleTimeout, rec.AbsoluteTimeout = s.IdleTimeout, s.AbsoluteTimeout
	if now.After(rec.Accessed) {
		rec.Accessed = now
	}
	return rec
}

func (s *Session[T]) unchanged(payload codec.Payload) bool {
	return s.IdleTimeout == s.rec.IdleTimeout && s.AbsoluteTimeout == s.rec.AbsoluteTimeout && !s.rec.inClear() &&
		codec.Equal(payload, s.rec.Payload)
}

func (s *Session[T]) checkTimeouts() error {
	if err := checkTimeout("Session.IdleTimeout", s.IdleTimeout); err != nil {
		return fmt.Errorf("%w: %w", errTimeout, err)
	}
	if err := checkTimeout("Session.AbsoluteTimeout", s.AbsoluteTimeout); err != nil {
		return fmt.Errorf("%w: %w", errTimeout, err)
	}
	return s.Device.check()
}

// usable refuses a session that is none, or that Destroy has ended.
func usable[T any](s *Session[T]) error {
	if s == nil || s.id == (ID{}) {
		return errForeignSession
	}
	if s.gone {
		return ErrNotFound
	}
	return nil
}

// eventOf returns an event about s, which may be nil or zero. The handle costs a hash, which nobody has to pay who observes nothing and
// has no error to tell of.
func eventOf[T any](w watch, kind EventKind, s *Session[T]) Event {
	e := Event{Kind: kind}
	if w.observer == nil && kind != "" {
		return e
	}
	e.Handle = handleOf(s)
	if s != nil {
		e.Subject = s.rec.Subject
	}
	return e
}

// handleOf returns the handle for an error about s, which may be nil or zero.
func handleOf[T any](s *Session[T]) string {
	if s == nil || s.id == (ID{}) {
		return ""
	}
	return s.Handle()
}

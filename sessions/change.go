package sessions

import (
	"context"
	"errors"
	"slices"

	"github.com/dynasession/dynasession/codec"
)

// change is what a write does to a session besides storing its data.
type change struct {
	rename  bool   // under a new ID
	subject string // bound to it, with a new lifetime; "": neither changes
}

// attempt writes s once, with the change, and leaves in s what is then known: what is stored, or which writes are in doubt.
func (m *Manager[T]) attempt(ctx context.Context, s *Session[T], c change) error {
	if !c.rename && s.same() {
		return m.alive(ctx, s)
	}
	payload, err := m.encode(s.Data)
	if err != nil {
		return err
	}
	if !c.rename && len(s.unsure) == 0 && s.stored && s.unchanged(payload) {
		return m.alive(ctx, s)
	}
	err = m.write(ctx, s, payload, c)
	if s.target != (ID{}) && errors.Is(err, ErrNotFound) && !errors.Is(err, ErrExpired) {
		if err := m.follow(ctx, s); err != nil {
			return err
		}
		err = m.write(ctx, s, payload, c)
	}
	return err
}

// write stores s as it is to be, in the place of what is known to be stored. Where an earlier write's answer was lost, that one may
// be what is stored: then its place is taken.
func (m *Manager[T]) write(ctx context.Context, s *Session[T], payload codec.Payload, c change) error {
	if err := m.alive(ctx, s); err != nil {
		return err
	}
	now := m.now()
	rec, id := s.next(payload, now), s.id
	if c.subject != "" {
		rec.Subject, rec.Created, rec.Accessed, rec.Device = c.subject, now, now, s.Device
	}
	if c.rename {
		if id = s.target; id == (ID{}) {
			id = m.ids.New()
		}
		rec.Key = m.ids.Key(id)
	}
	err := m.send(ctx, s, rec, s.rec.Rev)
	if len(s.unsure) > 0 && (errors.Is(err, ErrConflict) || errors.Is(err, ErrExists)) {
		found, loadErr := m.store.Load(ctx, s.rec.Key)
		if loadErr != nil {
			return loadErr
		}
		if slices.Contains(s.unsure, found.Rev) {
			s.stored = true
			err = m.send(ctx, s, rec, found.Rev)
		}
	}
	switch {
	case err == nil:
		s.id, s.rec, s.stored, s.unsure, s.target = id, rec, true, nil, ID{}
		m.remember(s)
	case errors.Is(err, ErrOutcomeUnknown):
		s.unsure = append(slices.Clip(s.unsure), rec.Rev)
		if id != s.id {
			s.target = id
		}
	}
	return err
}

// send makes the one store call that puts rec where the record of s is, whose Rev is rev.
func (m *Manager[T]) send(ctx context.Context, s *Session[T], rec Record, rev string) error {
	switch {
	case m.rosters != nil && s.listed(rec):
		return m.sendListed(ctx, s, rec, rev)
	case !s.stored:
		return m.store.Create(ctx, rec)
	case rec.Key == s.rec.Key:
		return m.store.Replace(ctx, rec, rev)
	default:
		return m.store.Rename(ctx, s.rec.Key, rec, rev)
	}
}

// follow moves s to the ID under which a rename in doubt has put it. The error is ErrNotFound if it has not: then the
// session is gone.
func (m *Manager[T]) follow(ctx context.Context, s *Session[T]) error {
	found, err := m.store.Load(ctx, m.ids.Key(s.target))
	if err != nil {
		return err
	}
	if !slices.Contains(s.unsure, found.Rev) {
		return ErrConflict
	}
	s.id, s.rec, s.base, s.unsure, s.target = s.target, found, nil, nil, ID{}
	return nil
}

// alive returns ErrExpired if the time of s has passed. By what s knows it may have idled out while requests that run beside it
// have recorded an access since: then the store is asked.
func (m *Manager[T]) alive(ctx context.Context, s *Session[T]) error {
	now := m.now()
	if err := s.rec.over(now); err == nil || !s.stored {
		return err
	}
	found, err := m.store.Load(ctx, s.rec.Key)
	if err != nil {
		return err
	}
	if err := found.over(now); err != nil {
		return err
	}
	s.rec.Accessed = found.Accessed
	return nil
}

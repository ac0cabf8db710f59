package sessions

import (
	"context"
	"errors"
	"fmt"
)

// mergeAttempts bounds how often one save is merged with yet another change before it is a conflict after all.
const mergeAttempts = 16

// mergeFunc is what Config.Merge is.
type mergeFunc[T any] func(base, ours, theirs T) (T, error)

var errMerge = errors.New("merge")

// mergeTheirs puts s, which lost a race, on top of what is stored: its data is merged with theirs, and a timeout that it has
// not changed is theirs.
func (m *Manager[T]) mergeTheirs(ctx context.Context, s *Session[T], merge mergeFunc[T]) error {
	found, err := m.store.Load(ctx, s.rec.Key)
	if err != nil {
		return err
	}
	if err := found.over(m.now()); err != nil {
		return err
	}
	theirs, err := m.codec.Decode(found.Payload)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDecode, err)
	}
	base, err := m.codec.Decode(s.rec.Payload)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDecode, err)
	}
	merged, err := merge(base, s.Data, theirs)
	if err != nil {
		return fmt.Errorf("%w: %w", errMerge, err)
	}
	s.Data = merged
	if s.IdleTimeout == s.rec.IdleTimeout {
		s.IdleTimeout = found.IdleTimeout
	}
	if s.AbsoluteTimeout == s.rec.AbsoluteTimeout {
		s.AbsoluteTimeout = found.AbsoluteTimeout
	}
	s.rec, s.base, s.unsure, s.target = found, nil, nil, ID{}
	return nil
}

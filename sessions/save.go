package sessions

import (
	"context"
	"errors"
)

// Save stores the session: its data and its timeouts. One store call; none if neither has changed since it was loaded or saved.
// A save is an access. If another request has changed the session since it was loaded, Config.Merge decides, if there is one:
// then the session in hand holds afterwards what was stored.
//
// The error is [ErrConflict] if another request has changed the session and nothing merges the two, [ErrNotFound] if it was
// destroyed or renewed meanwhile ([ErrExpired] if its time has passed), [ErrTooLarge] if the store can't keep so much, and
// [ErrOutcomeUnknown] if the store's answer was lost; then it may be saved again. Whatever the error, nothing of the session in
// hand is lost.
func (m *Manager[T]) Save(ctx context.Context, s *Session[T]) error {
	ctx, w := m.watch(ctx, "save")
	kind, rev := EventCreated, ""
	if s != nil && s.stored {
		kind, rev = EventSaved, s.rec.Rev
	}
	if err := m.apply(ctx, s, change{}, m.merge); err != nil {
		return w.done(eventOf(w, "", s), err)
	}
	if rev != "" && rev == s.rec.Rev {
		kind = EventUnchanged
	}
	return w.done(eventOf(w, kind, s), nil)
}

// apply makes the change on s and in the store. On a conflict it merges, if merge is not nil, and begins again.
func (m *Manager[T]) apply(ctx context.Context, s *Session[T], c change, merge mergeFunc[T]) error {
	if err := usable(s); err != nil {
		return err
	}
	if err := s.checkTimeouts(); err != nil {
		return err
	}
	draft := *s
	for attempt := 0; ; attempt++ {
		err := m.attempt(ctx, &draft, c)
		if err == nil || errors.Is(err, ErrOutcomeUnknown) {
			*s = draft // after an unknown outcome too: it knows which writes are in doubt, and of what was merged into them
			return err
		}
		if !errors.Is(err, ErrConflict) || errors.Is(err, ErrRevoked) || merge == nil || attempt == mergeAttempts {
			return err
		}
		if len(draft.unsure) > 0 {
			return err // theirs may hold what an earlier write of ours changed: merged, it would count twice
		}
		if err := m.mergeTheirs(ctx, &draft, merge); err != nil {
			return err
		}
		if err := pause(ctx, attempt); err != nil {
			return err
		}
	}
}

package sessions

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"time"
)

// How Update repeats itself: so often at most, and after pauses that double from the first to the last bound, each with full
// jitter, so that requests which collided do not collide again.
const (
	updateAttempts = 256
	minUpdatePause = time.Millisecond
	maxUpdatePause = 50 * time.Millisecond
)

// Update loads the session of the ID that a client sent, lets f change its data, and saves it; if another request has
// changed it meanwhile, it begins again with what is stored then. So no change is lost, whoever else is writing. f must only
// change what it is given: it may run several times, but never twice on the same stored state. An error of f ends
// Update, which returns it as it is, and nothing is stored.
//
// The error is [ErrNotFound] as for Load, [ErrConflict] if 256 attempts were all overtaken, [ErrTooLarge], [ErrDecode], or
// [ErrOutcomeUnknown] if the store's answer was lost: then the change may have been stored, and is not made again.
func (m *Manager[T]) Update(ctx context.Context, id string, f func(*T) error) (*Session[T], error) {
	ctx, w := m.watch(ctx, "update")
	for attempt := 0; ; attempt++ {
		s, err := m.load(ctx, id)
		if err != nil {
			return nil, w.done(Event{Handle: sentHandle(id)}, err)
		}
		if err := f(&s.Data); err != nil {
			w.givenUp(eventOf(w, "", s))
			return nil, err
		}
		kind, rev := EventSaved, s.rec.Rev
		err = m.apply(ctx, s, change{}, nil)
		if err == nil {
			if rev == s.rec.Rev {
				kind = EventUnchanged
			}
			return s, w.done(eventOf(w, kind, s), nil)
		}
		if !errors.Is(err, ErrConflict) || attempt == updateAttempts-1 {
			return nil, w.done(Event{Handle: sentHandle(id)}, err)
		}
		if err := pause(ctx, attempt); err != nil {
			return nil, w.done(Event{Handle: sentHandle(id)}, err)
		}
	}
}

// pause waits before the attempt that follows, or until ctx is done.
func pause(ctx context.Context, attempt int) error {
	bound := min(minUpdatePause<<min(attempt, 10), maxUpdatePause)
	timer := time.NewTimer(randomUpTo(bound))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// randomUpTo returns a random duration in [0, bound). The one source of randomness here is crypto/rand, so that a weaker one
// is never at hand.
func randomUpTo(bound time.Duration) time.Duration {
	var b [8]byte
	rand.Read(b[:])
	return time.Duration(binary.BigEndian.Uint64(b[:]) % uint64(bound))
}

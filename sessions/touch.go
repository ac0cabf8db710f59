package sessions

import (
	"context"
	"errors"
	"time"
)

// recordAccess moves the record's last access to now if it is due, and returns the record as it is then stored. That it
// can't be written does not matter to the reader, whose session may only end earlier for it; except that the session is gone.
func (m *Manager[T]) recordAccess(ctx context.Context, rec Record, now time.Time) (Record, error) {
	if now.Sub(rec.Accessed) < m.touchInterval(rec.IdleTimeout) || !now.After(rec.Accessed) {
		return rec, nil
	}
	touched := rec
	touched.Accessed = now
	err := m.store.Touch(ctx, rec.Key, now, touched.ExpiresAt())
	if errors.Is(err, ErrNotFound) {
		return rec, err
	}
	if err != nil {
		return rec, nil
	}
	if e := EffortOf(ctx); e != nil {
		e.touched = true
	}
	return touched, nil
}

// touchInterval returns the interval for a session with the given idle timeout: the Manager's own, or, for a session that
// idles out sooner than usual, the same share of its time.
func (m *Manager[T]) touchInterval(idle time.Duration) time.Duration {
	if idle >= m.idle || m.touch < 0 {
		return m.touch
	}
	return time.Duration(float64(m.touch) * (float64(idle) / float64(m.idle)))
}

package sessions

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/dynasession/dynasession/sessions/driver"
)

// The default timeouts of a [Manager].
const (
	DefaultIdleTimeout     = 2 * time.Hour
	DefaultAbsoluteTimeout = 12 * time.Hour
)

// Timeouts of NIST SP 800-63B-4 for its authenticator assurance levels (sections 2.1.3, 2.2.3 and
// 2.3.3), to use as Config.IdleTimeout and Config.AbsoluteTimeout:
//
//	cfg := &sessions.Config[Cart]{IdleTimeout: sessions.AAL2IdleTimeout, AbsoluteTimeout: sessions.AAL2AbsoluteTimeout}
//
// At AAL1 NIST leaves the idle timeout to the application; here it equals the absolute one.
const (
	AAL1IdleTimeout     = 30 * 24 * time.Hour
	AAL1AbsoluteTimeout = 30 * 24 * time.Hour
	AAL2IdleTimeout     = time.Hour
	AAL2AbsoluteTimeout = 24 * time.Hour
	AAL3IdleTimeout     = 15 * time.Minute
	AAL3AbsoluteTimeout = 12 * time.Hour
)

// expiryError returns an ErrExpired that tells which deadline the session of rec has reached at
// now, or nil if it is alive. A session is alive until just before its ExpiresAt, and dead from
// then on.
func expiryError(rec driver.Record, now time.Time) error {
	switch {
	case rec.ExpiresAt().After(now):
		return nil
	case !rec.Deadline().After(now):
		return errAbsolute
	default:
		return ErrExpired
	}
}

// now returns the current time with the precision of the stored form: in UTC, in microseconds.
func (m *Manager[T]) now() time.Time { return m.clock.Now().UTC().Truncate(time.Microsecond) }

// notExpired returns ErrExpired if a deadline of s has passed. If s looks idle, it asks the store,
// since a concurrent request may have recorded an access.
func (m *Manager[T]) notExpired(ctx context.Context, s *Session[T]) error {
	err := expiryError(s.rec, m.now())
	if err == nil || !s.stored {
		return err
	}
	found, err := m.store.Load(ctx, s.rec.Key)
	if err != nil {
		return err
	}
	if err := expiryError(found, m.now()); err != nil { // the response may have corrected the clock
		return err
	}
	s.rec.Accessed = found.Accessed
	return nil
}

// touches has the accesses that this process records, so that only one of many concurrent reads of
// a session writes.
type touches struct {
	mu       sync.Mutex
	recorded map[string]time.Time // by key: the access that is being recorded, or was just recorded
}

// mostTouches bounds how many accesses are remembered. Above it all are forgotten, which costs a
// few more writes.
const mostTouches = 4096

// claim reports whether its caller has to record the access at now: no other goroutine of this
// process has recorded, or is recording, one within the interval.
func (t *touches) claim(key string, now time.Time, interval time.Duration) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if at, ok := t.recorded[key]; ok && now.Sub(at) < interval && !now.Before(at) {
		return false
	}
	if len(t.recorded) >= mostTouches || t.recorded == nil {
		t.recorded = map[string]time.Time{}
	}
	t.recorded[key] = now
	return true
}

// release undoes a claim.
func (t *touches) release(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.recorded, key)
}

// recordAccess moves the record's last access to now if that is due, and returns the record as it
// is then stored. If the write fails it returns no error, since the session then only expires
// earlier, unless the session is gone.
func (m *Manager[T]) recordAccess(ctx context.Context, rec driver.Record, now time.Time) (driver.Record, error) {
	interval := m.touchInterval(rec.IdleTimeout)
	if now.Sub(rec.Accessed) < interval || !now.After(rec.Accessed) || !m.touched.claim(rec.Key, now, interval) {
		return rec, nil
	}
	touched := rec
	touched.Accessed = now
	err := m.store.Touch(ctx, rec.Key, now, touched.ExpiresAt())
	if err == nil {
		driver.TraceFrom(ctx).Touched()
		return touched, nil
	}
	m.touched.release(rec.Key)
	if errors.Is(err, ErrNotFound) {
		return rec, err
	}
	return rec, nil
}

// touchInterval returns the interval for a session with the given idle timeout: the Manager's or,
// if the session idles out sooner, the same share of its timeout.
func (m *Manager[T]) touchInterval(idle time.Duration) time.Duration {
	if idle >= m.idle || m.touch < 0 {
		return m.touch
	}
	return time.Duration(float64(m.touch) * (float64(idle) / float64(m.idle)))
}

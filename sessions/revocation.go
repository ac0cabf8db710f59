package sessions

import (
	"context"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/event"
)

// revocationKey is the key of the record of RevokeBefore. No session's key has a colon.
const revocationKey = "incident:not-before"

// revocationKept is how long the record is kept: longer than any session lives.
const revocationKept = 10 * 365 * 24 * time.Hour

var (
	errNoRevocationCheck = errors.New("Config.RevocationCheck is 0: no Manager would notice")
	errFuture            = errors.New("the time lies in the future: must not be later than now")
)

// revocations is what a Manager knows of the last RevokeBefore. Its lock is never held while the
// store is asked.
type revocations struct {
	every time.Duration
	// Of this application's record, and of the one for sessions without an application.
	keys []string

	mu     sync.Mutex
	asking chan struct{} // closed when the call under way has its answer; nil: none is under way
	asked  time.Time     // when the store was last read
	before []time.Time   // by key: sessions that were created before this are ended
}

func newRevocations(every time.Duration, application string) *revocations {
	if every == 0 {
		return nil
	}
	r := &revocations{every: every, keys: []string{revocationKey}}
	if application != "" {
		sum := sha512.Sum512([]byte(application))
		r.keys = []string{revocationKey + ":" + hex.EncodeToString(sum[:]), revocationKey}
	}
	r.before = make([]time.Time, len(r.keys))
	return r
}

// RevokeBefore ends all sessions that were created before t, of all users and of visitors who have
// not signed in: use it after an incident (OWASP ASVS 7.4.5). It makes one write, however many
// sessions there are. Every Manager with Config.RevocationCheck notices within that interval; this
// Manager must have it set too. With Config.Application it ends only that application's sessions.
//
// t is a time by the Manager's clock, [Manager.Clock], which package dynamo puts right by the
// service's first response: on a host whose clock is behind, time.Now would spare the newest
// sessions.
//
// Each call replaces the one before: with an earlier or zero t, sessions that the earlier call
// ended are alive again, unless they have expired. If t is later than now it returns an error. It
// also replaces a stored time that was damaged, with which no Load succeeds.
func (m *Manager[T]) RevokeBefore(ctx context.Context, t time.Time) error {
	ctx, o := m.observe(ctx, "revoke before")
	return o.done(event.Event{Kind: event.Revoked}, m.revokeBefore(ctx, t.UTC().Truncate(time.Microsecond)))
}

func (m *Manager[T]) revokeBefore(ctx context.Context, t time.Time) error {
	r := m.revocations
	if r == nil {
		return errNoRevocationCheck
	}
	if err := ctx.Err(); err != nil {
		return unavailable(err)
	}
	ctx = context.WithoutCancel(ctx) // once begun it goes through
	// Before reading the clock, which this call may correct.
	found, err := m.store.Load(ctx, r.keys[0])
	now := m.now()
	if epoch := time.Unix(0, 0).UTC(); t.Before(epoch) {
		t = epoch
	}
	if t.After(now) {
		return fmt.Errorf("%w: is %v ahead", errFuture, t.Sub(now))
	}
	for attempt := 0; ; attempt++ {
		rec := driver.Record{
			Key: r.keys[0], Payload: codec.Opaque("json", []byte("null")), Rev: newRev(), Created: t, Accessed: now,
			IdleTimeout: revocationKept, AbsoluteTimeout: revocationKept,
		}
		switch {
		case err == nil:
			err = m.store.Replace(ctx, rec, found.Rev)
		case errors.Is(err, ErrNotFound):
			err = m.store.Create(ctx, rec)
		case errors.Is(err, ErrDecode):
			// It is damaged, so that nobody is let in, and can't be replaced.
			if _, err = m.store.End(ctx, driver.End{Key: r.keys[0]}); err == nil || errors.Is(err, ErrNotFound) {
				err = m.store.Create(ctx, rec)
			}
		}
		if err == nil {
			r.learn(now, t)
			return nil
		}
		changed := errors.Is(err, driver.ErrExists) || errors.Is(err, ErrConflict) || errors.Is(err, ErrNotFound)
		if !changed || attempt == mergeAttempts {
			return err
		}
		if err := pause(ctx, attempt); err != nil {
			return err
		}
		found, err = m.store.Load(ctx, r.keys[0])
	}
}

// revokedBefore reports whether a RevokeBefore has ended rec. It reads the store if the last answer
// is too old.
func (m *Manager[T]) revokedBefore(ctx context.Context, rec driver.Record, now time.Time) (bool, error) {
	r := m.revocations
	if r == nil {
		return false, nil
	}
	for {
		r.mu.Lock()
		if !r.asked.IsZero() && now.Sub(r.asked) < r.every && !now.Before(r.asked) {
			defer r.mu.Unlock()
			return r.ended(rec), nil
		}
		asking := r.asking
		if asking == nil {
			r.asking = make(chan struct{})
			r.mu.Unlock()
			break
		}
		r.mu.Unlock()
		select {
		case <-asking:
		case <-ctx.Done():
			return false, unavailable(ctx.Err())
		}
	}
	if err := m.askRevocations(ctx, now); err != nil {
		return false, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ended(rec), nil
}

// askRevocations reads the store, for all callers that wait for the answer.
func (m *Manager[T]) askRevocations(ctx context.Context, now time.Time) error {
	r := m.revocations
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		close(r.asking)
		r.asking = nil
	}()
	loaded, err := m.store.LoadAll(ctx, r.keys)
	if err != nil {
		return err
	}
	before := make([]time.Time, len(loaded))
	for i, found := range loaded {
		if found.Err != nil && !errors.Is(found.Err, ErrNotFound) {
			return fmt.Errorf("the time of RevokeBefore, item %q: %w", r.keys[i], found.Err)
		}
		before[i] = found.Record.Created
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked, r.before = now, before
	return nil
}

// ended reports whether the last known RevokeBefore has ended rec. The lock is held.
func (r *revocations) ended(rec driver.Record) bool {
	which := 0
	if rec.Application == "" {
		which = len(r.keys) - 1
	}
	return rec.Created.Before(r.before[which]) || rec.Application == "" && rec.Created.Before(r.before[0])
}

// learn notes the time that this Manager has stored.
func (r *revocations) learn(at, before time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.keys) == 1 {
		r.asked = at
	}
	r.before[0] = before
}

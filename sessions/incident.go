package sessions

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/dynasession/dynasession/codec"
)

// incidentKey is that of the record that tells when everybody's sessions were ended. No session's key has a colon.
const incidentKey = "incident:not-before"

// incidentKept is how long it is kept: longer than any session lives.
const incidentKept = 10 * 365 * 24 * time.Hour

var errNoIncident = errors.New("Config.IncidentCheck is 0: no Manager would notice")

// incident is what a Manager knows of the last one.
type incident struct {
	every time.Duration

	mu     sync.Mutex
	asked  time.Time // when the store was asked
	before time.Time // sessions that were created before this are ended
}

func newIncident(every time.Duration) *incident {
	if every == 0 {
		return nil
	}
	return &incident{every: every}
}

// RevokeEverything ends everybody's sessions that were created before now, those of visitors who have not signed in included: for an
// incident (OWASP ASVS 7.4.5). It is one write, whatever their number. Every Manager with Config.IncidentCheck notices within that
// time; it must be set here too. Clocks that differ between hosts shift by so much which sessions "before" means.
func (m *Manager[T]) RevokeEverything(ctx context.Context) error {
	ctx, w := m.watch(ctx, "revoke everything")
	return w.done(Event{Kind: EventRevoked}, m.revokeEverything(ctx))
}

func (m *Manager[T]) revokeEverything(ctx context.Context) error {
	if m.incident == nil {
		return errNoIncident
	}
	now := m.now()
	rec := Record{
		Key: incidentKey, Payload: codec.Opaque("json", []byte("null")), Rev: newRev(), Created: now, Accessed: now,
		IdleTimeout: incidentKept, AbsoluteTimeout: incidentKept,
	}
	for attempt := 0; ; attempt++ {
		found, err := m.store.Load(ctx, incidentKey)
		switch {
		case errors.Is(err, ErrNotFound):
			err = m.store.Create(ctx, rec)
		case err == nil && !found.Created.Before(now):
			return nil // another has done so already
		case err == nil:
			err = m.store.Replace(ctx, rec, found.Rev)
		}
		if err == nil {
			m.incident.learn(now, now)
			return nil
		}
		if attempt == mergeAttempts || !errors.Is(err, ErrExists) && !errors.Is(err, ErrConflict) && !errors.Is(err, ErrNotFound) {
			return err
		}
	}
}

// ended reports whether rec was ended by an incident, and asks the store if the last answer is too old.
func (m *Manager[T]) ended(ctx context.Context, rec Record, now time.Time) (bool, error) {
	i := m.incident
	if i == nil {
		return false, nil
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.asked.IsZero() || now.Sub(i.asked) >= i.every || now.Before(i.asked) {
		found, err := m.store.Load(ctx, incidentKey)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return false, err
		}
		i.asked, i.before = now, later(i.before, found.Created)
	}
	return rec.Created.Before(i.before), nil
}

func (i *incident) learn(at, before time.Time) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.asked, i.before = at, later(i.before, before)
}

package sessions

import (
	"context"
	"errors"
	"slices"
	"time"
)

// maxRemovals is how many records one transaction removes: DynamoDB allows 100 items, some of which are others.
const maxRemovals = 90

// revokeFailures bounds how many calls in a row may fail before RevokeAll gives up.
const revokeFailures = 8

// Revoke ends one session of a subject, by the handle that [Manager.Sessions] returned (OWASP ASVS 7.5.2). The error is [ErrNotFound]
// if the subject has none of that handle: it has ended, got a new ID meanwhile, or is another subject's. It goes through even if ctx
// is cancelled meanwhile.
func (m *Manager[T]) Revoke(ctx context.Context, subject, handle string) error {
	ctx, w := m.watch(ctx, "revoke")
	return w.done(Event{Kind: EventRevoked, Handle: handle, Subject: subject}, m.revoke(ctx, subject, handle))
}

func (m *Manager[T]) revoke(ctx context.Context, subject, handle string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	for attempt := 0; ; attempt++ {
		roster, err := m.rosterOf(ctx, subject)
		if err != nil {
			return err
		}
		key, ok := m.entryOf(roster, handle)
		if !ok {
			return ErrNotFound
		}
		err = m.rosters.Transact(ctx, Transaction{
			Token: newRev(), Remove: []Remove{{Key: key}},
			Rosters: []RosterChange{{
				Key: roster.Key, Rev: newRev(), Conditional: true, If: roster.Rev, Leave: []string{key}, Expires: roster.Expires,
			}},
		})
		if !errors.Is(err, ErrRoster) || attempt == rosterAttempts-1 {
			return err
		}
		if err := pause(ctx, attempt); err != nil { // a renewal, say: the handle may be another now
			return err
		}
	}
}

// entryOf returns the key of the entry that has the handle.
func (m *Manager[T]) entryOf(roster Roster, handle string) (string, bool) {
	for key := range roster.Entries {
		if m.handle(key) == handle {
			return key, true
		}
	}
	return "", false
}

// RevokeAll ends all sessions of a subject, except those of the handles given, and returns how many it has ended, those that had idled
// out unnoticed included (OWASP ASVS 7.4.2, 7.4.3, 7.4.5). When it has returned no session of the subject that began before is alive,
// for any Manager: a login under way is revoked or gets [ErrRevoked], a renewal under way is revoked or gets [ErrNotFound].
//
// It goes through even if ctx is cancelled meanwhile, and goes on after a failure; if it returns an error, so many are ended and
// some may not be: it may be called again.
func (m *Manager[T]) RevokeAll(ctx context.Context, subject string, except ...string) (int, error) {
	ctx, w := m.watch(ctx, "revoke all")
	n, err := m.revokeAll(ctx, subject, except)
	return n, w.done(Event{Kind: EventRevoked, Subject: subject, Ended: n}, err)
}

func (m *Manager[T]) revokeAll(ctx context.Context, subject string, except []string) (ended int, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if m.rosters == nil {
		return 0, errNoRosters
	}
	if err := checkSubject(subject); err != nil {
		return 0, err
	}
	ctx = context.WithoutCancel(ctx)
	// Logins under way have read the epoch before, and lose. A roster that is new to this is kept for as long as one could take.
	bump := Transaction{Token: newRev(), Rosters: []RosterChange{{
		Key: rosterKey(subject), Rev: newRev(), Bump: true, Expires: m.now().Add(time.Hour).Truncate(time.Second),
	}}}
	if err := m.persist(ctx, func() error { return m.rosters.Transact(ctx, bump) }); err != nil {
		return 0, err
	}
	for {
		var roster Roster
		err := m.persist(ctx, func() (err error) { roster, err = m.rosters.LoadRoster(ctx, bump.Rosters[0].Key); return err })
		if err != nil {
			return ended, err
		}
		var keys []string
		for key := range roster.Entries {
			if !slices.Contains(except, m.handle(key)) {
				keys = append(keys, key)
			}
		}
		if len(keys) == 0 {
			return ended, nil // and since whatever is alive is listed, nothing is
		}
		for chunk := range slices.Chunk(keys, maxRemovals) {
			t := Transaction{Token: newRev(), Rosters: []RosterChange{{Key: roster.Key, Rev: newRev(), Leave: chunk, Expires: roster.Expires}}}
			for _, key := range chunk {
				t.Remove = append(t.Remove, Remove{Key: key})
			}
			if err := m.persist(ctx, func() error { return m.rosters.Transact(ctx, t) }); err != nil {
				return ended, err
			}
			ended += len(chunk)
		}
	}
}

// persist makes a call until it succeeds, or has failed too often.
func (m *Manager[T]) persist(ctx context.Context, call func() error) error {
	for attempt := 0; ; attempt++ {
		err := call()
		if err == nil || !errors.Is(err, ErrUnavailable) || attempt == revokeFailures-1 {
			return err
		}
		if err := pause(ctx, attempt); err != nil {
			return err
		}
	}
}

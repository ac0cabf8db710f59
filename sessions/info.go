package sessions

import (
	"context"
	"errors"
	"slices"
	"time"
)

// Info is what a subject may know of one of its sessions: no ID, and no data.
type Info struct {
	Handle    string    // names it, for [Manager.Revoke]; lets nobody in
	Created   time.Time // when the subject signed in
	Accessed  time.Time // when it was last seen, to within Config.TouchInterval
	ExpiresAt time.Time // when it ends unless it is seen before
	Device    Device    // where it was begun, if the application has noted it
	Current   bool      // whether it is that of the request that asks; package web says so
}

// Sessions returns the sessions of a subject that are alive, the last seen first (OWASP ASVS 7.5.2). It is strongly consistent: a login
// that has returned is among them, a logout is not. One read, and one for each session. It needs a store that keeps rosters, a
// [SubjectStore].
func (m *Manager[T]) Sessions(ctx context.Context, subject string) ([]Info, error) {
	ctx, w := m.watch(ctx, "sessions")
	records, err := m.sessionsOf(ctx, subject)
	if err := w.done(Event{Kind: EventListed, Subject: subject}, err); err != nil {
		return nil, err
	}
	var infos []Info
	for _, rec := range records {
		infos = append(infos, Info{
			Handle: m.handle(rec.Key), Created: rec.Created, Accessed: rec.Accessed, ExpiresAt: rec.ExpiresAt(), Device: rec.Device,
		})
	}
	slices.SortFunc(infos, func(a, b Info) int { return b.Accessed.Compare(a.Accessed) })
	return infos, nil
}

func (m *Manager[T]) sessionsOf(ctx context.Context, subject string) ([]Record, error) {
	roster, err := m.rosterOf(ctx, subject)
	if err != nil {
		return nil, err
	}
	now := m.now()
	var alive []Record
	for key := range roster.Entries {
		rec, err := m.store.Load(ctx, key)
		switch {
		case err == nil && rec.Subject == subject && !rec.expired(now):
			alive = append(alive, rec)
		case err != nil && !errors.Is(err, ErrNotFound):
			return nil, err
		}
	}
	return alive, nil
}

func (m *Manager[T]) rosterOf(ctx context.Context, subject string) (Roster, error) {
	if m.rosters == nil {
		return Roster{}, errNoRosters
	}
	if err := checkSubject(subject); err != nil {
		return Roster{}, err
	}
	return m.rosters.LoadRoster(ctx, rosterKey(subject))
}

// handle returns the handle of the session of a key: the key, unless that is the ID itself.
func (m *Manager[T]) handle(key string) string {
	if holdsID(m.ids, key) {
		return loggable(key)
	}
	return key
}

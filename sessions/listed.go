package sessions

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// maxEntries is how many sessions of one subject a roster holds at most: in DynamoDB, an item of up to 400 KB, of which each takes
// less than 150 bytes.
const maxEntries = 2500

// rosterAttempts bounds how often a login begins again because another login of the same subject was faster.
const rosterAttempts = 256

// listed reports whether storing rec in the place of s concerns a roster: whether it enters one, moves in it, or has to stay longer.
func (s *Session[T]) listed(rec Record) bool {
	if rec.Subject == "" {
		return false
	}
	return !s.stored || rec.Key != s.rec.Key || rec.deadline().After(s.rec.deadline())
}

// sendListed is send for a session that has a subject: record and roster in one step.
func (m *Manager[T]) sendListed(ctx context.Context, s *Session[T], rec Record, rev string) error {
	t := Transaction{Token: rec.Rev}
	switch {
	case s.stored && rec.Key == s.rec.Key:
		t.Replace = &Replace{rec, rev}
	case s.stored:
		t.Create, t.Remove = &rec, []Remove{{Key: s.rec.Key, Conditional: true, Rev: rev}}
	default:
		t.Create = &rec
	}
	leaves := s.rec.Subject // whose roster it has been in
	if s.stored && leaves == rec.Subject && !rec.deadline().After(s.rec.deadline()) {
		// A renewal: nobody has to be asked, since the count stays as it is.
		t.Rosters = []RosterChange{{
			Key: rosterKey(rec.Subject), Rev: rec.Rev, Expires: rec.deadline(),
			Enter: map[string]time.Time{rec.Key: rec.deadline()}, Leave: []string{s.rec.Key},
		}}
		return m.rosters.Transact(ctx, t)
	}
	if s.stored && leaves != "" && leaves != rec.Subject {
		t.Rosters = append(t.Rosters, RosterChange{Key: rosterKey(leaves), Rev: rec.Rev, Expires: rec.deadline(), Leave: []string{s.rec.Key}})
	}
	return m.enter(ctx, s, rec, t)
}

// enter does t, with an entry for rec in its subject's roster as it is then, and what the limit demands. It begins again if the roster
// changes meanwhile, and gives up if all of the subject's sessions are revoked meanwhile.
func (m *Manager[T]) enter(ctx context.Context, s *Session[T], rec Record, t Transaction) error {
	key, epoch := rosterKey(rec.Subject), int64(0)
	for attempt := 0; ; attempt++ {
		roster, err := m.rosters.LoadRoster(ctx, key)
		if err != nil {
			return err
		}
		if attempt > 0 && roster.Epoch != epoch {
			return ErrRevoked
		}
		epoch = roster.Epoch
		change := RosterChange{
			Key: key, Rev: rec.Rev, Conditional: true, If: roster.Rev,
			Enter: map[string]time.Time{rec.Key: rec.deadline()}, Expires: later(roster.Expires, rec.deadline()),
		}
		if _, was := roster.Entries[s.rec.Key]; was && s.rec.Key != rec.Key {
			change.Leave = []string{s.rec.Key}
			delete(roster.Entries, s.rec.Key)
		}
		evicted, err := m.makeRoom(ctx, rec, roster, &change)
		if err != nil {
			return err
		}
		full := t // under a token of its own: DynamoDB takes one for the same request only
		full.Token = fmt.Sprint(t.Token, "/", attempt)
		full.Remove = slices.Concat(t.Remove, evicted)
		full.Rosters = append(slices.Clip(t.Rosters), change)
		if err = m.rosters.Transact(ctx, full); !errors.Is(err, ErrRoster) || attempt == rosterAttempts-1 {
			return err
		}
		if err := pause(ctx, attempt); err != nil {
			return err
		}
	}
}

// verifications bounds how many entries one login looks up to forget those that are dead, where no limit makes it look at all.
const verifications = 25

// makeRoom has dead entries leave the roster, and, if the limit is reached, either refuses or returns which records to remove.
func (m *Manager[T]) makeRoom(ctx context.Context, rec Record, roster Roster, change *RosterChange) ([]Remove, error) {
	delete(roster.Entries, rec.Key)
	now, looks := m.now(), verifications
	most := maxEntries
	if m.limit.Max > 0 {
		most = m.limit.Max
	}
	tight := len(roster.Entries) >= most
	var alive []Record
	for key, deadline := range roster.Entries {
		if !tight && (deadline.After(now) || looks == 0) {
			continue
		}
		looks--
		found, err := m.store.Load(ctx, key)
		switch {
		case err == nil && found.Subject == rec.Subject && !found.expired(now):
			alive = append(alive, found)
		case err == nil || errors.Is(err, ErrNotFound):
			change.Leave = append(change.Leave, key)
		default:
			return nil, err
		}
	}
	if !tight || len(alive) < most {
		return nil, nil
	}
	if m.limit.Max == 0 || !m.limit.Evict {
		return nil, fmt.Errorf("%w: has %d, and may have %d", ErrLimit, len(alive), most)
	}
	slices.SortFunc(alive, func(a, b Record) int { return a.Accessed.Compare(b.Accessed) })
	var evicted []Remove
	for _, old := range alive[:min(len(alive)-most+1, maxRemovals)] {
		evicted = append(evicted, Remove{Key: old.Key})
		change.Leave = append(change.Leave, old.Key)
	}
	return evicted, nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

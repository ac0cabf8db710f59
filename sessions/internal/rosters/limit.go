package rosters

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/dynasession/dynasession/sessions/driver"
)

// patience is how often a login under a limit looks at another that has entered the list but stored
// nothing yet, before it takes that one's place.
const patience = 8

// spill is the size of the head, in multiples of HeadSize, at which a login under a limit moves one
// entry into a page.
const spill = 3

// census is what a login under a limit found of a list.
type census struct {
	alive   []driver.Record // sessions that count; of one that is being renewed, the old record
	pending []string        // keys in the head without a record: logins under way, or broken off
	dead    []string        // keys in the head whose session has ended for good
}

// enterLimited enters the head on condition of its Rev, so that each of several concurrent logins
// has counted the one before. It never enters a page: pages hold only entries that were moved out
// of the head.
func (l *Login) enterLimited(ctx context.Context, e Entry, replaces string, limit Limit) error {
	looks := map[string]int{} // how often a key was found pending
	for attempt := range attempts {
		if attempt > 0 {
			if err := l.k.Pause(ctx, attempt-1); err != nil {
				return err
			}
			var err error
			if l.head, err = l.k.Head(ctx, l.head.Key); err != nil {
				return err
			}
		}
		if l.head.Epoch != l.epoch {
			return ErrRevoked
		}
		parts, err := l.k.withPages(ctx, l.head)
		if err != nil {
			return err
		}
		keys := slices.DeleteFunc(Keys(parts), func(key string) bool { return key == replaces })
		dead := l.passed()
		if len(keys) >= limit.Max {
			c, err := l.count(ctx, keys, replaces, limit)
			if err != nil {
				return err
			}
			for _, key := range c.pending {
				if l.isLeftOver(key, e) {
					looks[key] = patience
				}
			}
			room, err := l.makeRoom(ctx, &c, limit, looks)
			if err != nil {
				return err
			}
			dead = c.dead
			if !room {
				continue
			}
		}
		if entered, err := l.enterCounted(ctx, e, dead); entered || err != nil {
			return err
		}
	}
	return driver.ErrConflict
}

// loadFollowing loads the records of keys, and of those that they were renewed to since the list
// was read: a renewal of a session in a page changes only the page, so the login would not notice.
// It returns the keys of all of them, except own, to which former keys may lead too.
func (l *Login) loadFollowing(ctx context.Context, keys []string, own string, limit Limit) ([]string, []driver.Loaded, error) {
	loaded, err := l.k.LoadAll(ctx, keys)
	if err != nil {
		return nil, nil, err
	}
	for from := 0; from < len(keys); {
		var next []string
		for _, found := range loaded[from:] {
			var ended *driver.EndedError
			if !errors.As(found.Err, &ended) || ended.Marker.Next == "" || ended.Marker.Next == own {
				continue
			}
			if key := ended.Marker.Next; !slices.Contains(keys, key) && !slices.Contains(next, key) {
				next = append(next, key)
			}
		}
		from = len(keys)
		more, err := l.k.LoadAll(ctx, next)
		if err != nil {
			return nil, nil, err
		}
		for i, found := range more {
			if found.Err == nil && limit.Lists != nil && !limit.Lists(found.Record) {
				continue // another user has signed in to it
			}
			keys, loaded = append(keys, next[i]), append(loaded, found)
		}
	}
	return keys, loaded, nil
}

// count looks up the sessions of keys, beside the one that signs in, whose key is replaces.
func (l *Login) count(ctx context.Context, keys []string, replaces string, limit Limit) (census, error) {
	c := census{dead: l.passed()}
	keys = slices.DeleteFunc(keys, func(key string) bool { return slices.Contains(c.dead, key) })
	keys, loaded, err := l.loadFollowing(ctx, keys, replaces, limit)
	if err != nil {
		return c, err
	}
	pruned := 0
	l.LeftOver = nil
	for i, found := range loaded {
		_, inHead := l.head.Entries[keys[i]]
		switch {
		case errors.Is(found.Err, driver.ErrEnded):
			if inHead {
				c.dead = append(c.dead, keys[i])
			}
			continue
		case errors.Is(found.Err, driver.ErrNotFound):
			if inHead && IsHash(keys[i]) {
				c.pending = append(c.pending, keys[i])
			}
			continue
		case found.Err != nil:
			continue // a record that this binary can't read doesn't keep its user out
		}
		alive, err := l.k.Alive(ctx, found.Record)
		if err != nil {
			return c, err
		}
		switch {
		case alive && replacesKey(found.Record, replaces):
			l.LeftOver = append(l.LeftOver, keys[i])
			continue
		case alive:
			c.alive = append(c.alive, found.Record)
			continue
		}
		if pruned++; !inHead || pruned > maxPruned {
			continue
		}
		over, err := l.k.endDead(ctx, keys[i], found)
		if err != nil {
			return c, err
		}
		if over {
			c.dead = append(c.dead, keys[i])
		}
	}
	c.alive = withoutRenewals(c.alive)
	return c, nil
}

// withoutRenewals returns the records without those that are about to replace another of them:
// until then both are the same session.
func withoutRenewals(records []driver.Record) []driver.Record {
	return slices.DeleteFunc(slices.Clone(records), func(rec driver.Record) bool {
		return slices.ContainsFunc(records, func(old driver.Record) bool { return replacesKey(rec, old.Key) })
	})
}

// replacesKey reports whether rec was stored to replace the session of a key.
func replacesKey(rec driver.Record, key string) bool { return IsHash(key) && ComesFrom(rec.Rev, key) }

// makeRoom ends the sessions that the limit allows it to end, and reports whether there is room for
// another then. If there isn't, the error is ErrLimit, or nil if the login has to look again.
func (l *Login) makeRoom(ctx context.Context, c *census, limit Limit, looks map[string]int) (room bool, err error) {
	surplus := len(c.alive) + len(c.pending) + 1 - limit.Max
	if surplus <= 0 {
		return true, nil
	}
	victims, err := l.victims(ctx, c.alive, limit.Evict)
	if err != nil {
		return false, err
	}
	if len(c.alive)-len(victims) >= limit.Max {
		return false, limitError(len(c.alive), limit.Max)
	}
	if len(c.pending) > 0 {
		// They are about to store their sessions, or are renewals, which take no place.
		return false, l.giveUp(ctx, c.pending, looks)
	}
	if limit.Confirm != nil {
		if err := limit.Confirm(ctx); err != nil {
			return false, err
		}
	}
	for _, rec := range victims[:surplus] {
		_, err := l.k.End(ctx, rec.Key, driver.Evicted, &driver.State{Rev: rec.Rev, Accessed: rec.Accessed})
		switch {
		case err == nil:
			l.Evicted++
		case errors.Is(err, driver.ErrConflict), errors.Is(err, driver.ErrRenewed):
			return false, nil // the session is in use: look again
		case errors.Is(err, driver.ErrNotFound):
		default:
			return false, err
		}
		if _, inHead := l.head.Entries[rec.Key]; inHead {
			c.dead = append(c.dead, rec.Key)
		}
	}
	return true, nil
}

// isLeftOver reports whether a key in the head without a record is probably not a login under way:
// its deadline shows that it began a while before e, and no other key has the same deadline, as the
// old key of a renewal would. This guess saves the wait; if it is wrong, that login begins again.
func (l *Login) isLeftOver(key string, e Entry) bool {
	deadline := l.head.Entries[key]
	if deadline.After(e.Deadline.Add(-time.Minute)) {
		return false
	}
	for other, at := range l.head.Entries {
		if other != key && at.Equal(deadline) {
			return false
		}
	}
	return true
}

// giveUp ends the keys that were found pending too often: no record can be stored under them any
// more.
func (l *Login) giveUp(ctx context.Context, pending []string, looks map[string]int) error {
	for _, key := range pending {
		if looks[key]++; looks[key] <= patience {
			continue
		}
		if _, err := l.k.end(ctx, key, driver.Abandoned, &driver.State{Absent: true}); err != nil {
			return err
		}
	}
	return nil
}

// oldestStored returns the first of the head's oldest entries that isn't a login under way, "" if
// there is none: such an entry counts only in the head.
func (l *Login) oldestStored(ctx context.Context, but string) (string, error) {
	keys := slices.DeleteFunc(slices.Sorted(maps.Keys(l.head.Entries)), func(key string) bool { return key == but })
	slices.SortStableFunc(keys, func(a, b string) int { return l.head.Entries[a].Compare(l.head.Entries[b]) })
	for _, key := range keys[:min(len(keys), l.k.HeadSize)] {
		found, err := l.k.LoadAll(ctx, []string{key})
		if err != nil {
			return "", err
		}
		pending := errors.Is(found[0].Err, driver.ErrNotFound) && !errors.Is(found[0].Err, driver.ErrEnded) && IsHash(key)
		if !pending {
			return key, nil
		}
	}
	return "", nil
}

// victims returns the sessions that may be ended to make room, first the one to end first: if the
// limit evicts, from the least recently used on, and otherwise those that this binary can't read.
func (l *Login) victims(ctx context.Context, alive []driver.Record, evict bool) ([]driver.Record, error) {
	slices.SortFunc(alive, func(a, b driver.Record) int { return a.Accessed.Compare(b.Accessed) })
	if evict {
		return alive, nil
	}
	var unreadable []driver.Record
	for _, rec := range alive {
		readable, err := l.k.Readable(ctx, rec)
		if err != nil {
			return nil, err
		}
		if !readable {
			unreadable = append(unreadable, rec)
		}
	}
	return unreadable, nil
}

// enterCounted enters the head if it has not changed since its sessions were counted.
func (l *Login) enterCounted(ctx context.Context, e Entry, dead []string) (entered bool, err error) {
	c := l.k.entering(l.head.Key, e)
	c.IfRev, c.Leave = &l.head.Rev, atOnce(dead) // so the epoch is the same too
	if l.head.Stale.IsZero() || e.Stale.Before(l.head.Stale) {
		c.Stale = e.Stale
	}
	entered, err = l.changeHead(ctx, c)
	if entered && len(l.head.Entries) > spill*l.k.HeadSize {
		l.spillOne(ctx, e.Key)
	}
	return entered, err
}

// spillOne moves one of the head's oldest entries into a page, so that the head stays small. The
// session's record doesn't name that page: when the session ends, its entry stays until a login
// prunes it.
func (l *Login) spillOne(ctx context.Context, but string) {
	oldest, err := l.oldestStored(ctx, but)
	if oldest == "" || err != nil {
		return
	}
	e := Entry{Key: oldest, Deadline: l.head.Entries[oldest], Stale: l.head.Entries[oldest]}
	full := *l
	full.moves = true
	pages := full.head.Pages
	entered, isFull := false, true
	if pages.Last >= max(pages.First, 1) {
		entered, isFull, err = full.enterPage(ctx, e, pages.Last)
	}
	if isFull && err == nil {
		entered, _, err = full.openPage(ctx, e)
	}
	if !entered || err != nil || !full.head.Entries[oldest].Equal(e.Deadline) {
		return // the entry stays; perhaps it has a later deadline by now
	}
	_, _ = l.k.Store.ChangeRoster(ctx, driver.RosterChange{Key: l.head.Key, Rev: Rev(), IfRev: &full.head.Rev, Leave: []string{oldest}})
}

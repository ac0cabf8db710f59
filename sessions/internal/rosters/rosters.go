// Package rosters keeps the lists of sessions that belong together: a subject's, or a federated
// session's. What it does is a sequence of single writes, in an order that keeps two promises:
// every session that is alive and whose ID somebody has been told is listed, and a session leaves
// the list only when it has ended. So a list may be longer than the truth and never shorter.
// docs/protocol.md has the proof.
package rosters

import (
	"context"
	"crypto/rand"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dynasession/dynasession/sessions/driver"
)

// The sizes of a list's parts. In DynamoDB the head with as many entries, and one more while a
// session is renewed, stays below 1 KB, and a page below 2 KB: so what it costs to change one
// doesn't grow with the list.
const (
	DefaultHeadSize = 4
	DefaultPageSize = 12
)

// attempts bounds how often a step is tried again because another login of the same list was
// faster.
const attempts = 256

// kept is how long a roster stays after a change that no entry's deadline speaks for: longer than
// any login takes.
const kept = time.Hour

var (
	// ErrRevoked means that all sessions of the list were revoked since the login began.
	ErrRevoked = errors.New("revoked since the login began")

	// ErrLimit means that the list has as many sessions that are alive as it may have.
	ErrLimit = errors.New("limit reached")
)

// Keeper keeps lists in a store. Its fields are set once; it is safe for concurrent use.
type Keeper struct {
	Store driver.Store
	Now   func() time.Time

	// Alive reports whether the session of a record counts: it has not expired, nor been revoked
	// with everybody's, and belongs to who asks.
	Alive func(ctx context.Context, rec driver.Record) (bool, error)

	// Readable reports whether the data of a session that is alive can be read by this binary. What
	// can't be read makes room for another when a limit is reached.
	Readable func(ctx context.Context, rec driver.Record) (bool, error)

	// Pause waits before the attempt that follows.
	Pause func(ctx context.Context, attempt int) error

	HeadSize, PageSize int
}

// Rev returns a name for one write: 128 random bits.
func Rev() string { return rand.Text() }

// RenewalRev returns the Rev of a record that is to take the place of that of a handle. Until its
// first save it says so: to a revocation that is to spare the session, and to a limit that counts
// sessions.
func RenewalRev(handle string) string { return Rev() + "<" + handle[:16] }

// ComesFrom reports whether a record of this Rev was stored to take the place of the session of a
// handle.
func ComesFrom(rev, handle string) bool {
	return len(handle) > 16 && strings.HasSuffix(rev, "<"+handle[:16])
}

// RenewedRev returns the Rev of a marker that says of a session of an application that it was renewed.
// To another application it says that it is none of theirs.
func RenewedRev(application string) string {
	if application == "" {
		return Rev()
	}
	return Rev() + "@" + applicationHash(application)
}

// IsForeign reports whether a marker's Rev says that the session is of another application than the
// one given.
func IsForeign(rev, application string) bool {
	_, of, said := strings.Cut(rev, "@")
	return said && (application == "" || of != applicationHash(application))
}

func applicationHash(application string) string {
	sum := sha512.Sum512([]byte(application))
	return hex.EncodeToString(sum[:8])
}

// PageKey returns the key of a page of the list whose key is given; page 0 is the head, which has
// the list's key.
func PageKey(list string, page int64) string {
	if page == 0 {
		return list
	}
	return list + "#" + strconv.FormatInt(page, 10)
}

// End ends the session of key for the reason why, if it is in the state given. The ended session's
// record is returned.
func (k *Keeper) End(ctx context.Context, key string, why driver.Reason, state *driver.State) (driver.Record, error) {
	return k.Store.End(ctx, driver.End{Key: key, Marker: NewMarker(key, why, "", k.Now()), If: state})
}

// Head loads the first part of a list.
func (k *Keeper) Head(ctx context.Context, list string) (driver.Roster, error) {
	all, err := k.Store.LoadRosters(ctx, list)
	if err != nil {
		return driver.Roster{}, err
	}
	return all[0], nil
}

// All loads a list, its head first. What was listed when it began, and has not left, is in it.
func (k *Keeper) All(ctx context.Context, list string) ([]driver.Roster, error) {
	var seen []driver.Roster // the pages out of which entries have been moved
	for range attempts {
		head, err := k.Head(ctx, list)
		if err != nil {
			return nil, err
		}
		parts, err := k.withPages(ctx, head)
		if err != nil {
			return nil, err
		}
		moved := slices.DeleteFunc(slices.Clone(parts[1:]), func(page driver.Roster) bool { return !hasMoved(page) })
		if len(moved) == 0 || slices.EqualFunc(moved, seen, func(a, b driver.Roster) bool { return a.Key == b.Key && a.Pages == b.Pages }) {
			return parts, nil
		}
		// The pages are read in no order: what has left one of them may have come into the last after
		// that was read. If nothing more has left when they are read again, it is there then.
		seen = moved
	}
	return nil, driver.ErrConflict
}

// withPages returns the head and what it says are its pages.
func (k *Keeper) withPages(ctx context.Context, head driver.Roster) ([]driver.Roster, error) {
	parts := []driver.Roster{head}
	for first := max(head.Pages.First, 1); first <= head.Pages.Last; first += driver.MaxBatch {
		var keys []string
		for page := first; page <= min(head.Pages.Last, first+driver.MaxBatch-1); page++ {
			keys = append(keys, PageKey(head.Key, page))
		}
		pages, err := k.Store.LoadRosters(ctx, keys...)
		if err != nil {
			return nil, err
		}
		parts = append(parts, pages...)
	}
	return parts, nil
}

// Keys returns the keys of the sessions that some parts of a list have, each once.
func Keys(parts []driver.Roster) []string {
	var keys []string
	seen := map[string]bool{}
	for _, part := range parts {
		for key := range part.Entries {
			if !seen[key] {
				seen[key] = true
				keys = append(keys, key)
			}
		}
	}
	slices.Sort(keys)
	return keys
}

// LoadAll loads records in batches, in the order of their keys.
func (k *Keeper) LoadAll(ctx context.Context, keys []string) ([]driver.Loaded, error) {
	var all []driver.Loaded
	for batch := range slices.Chunk(keys, driver.MaxBatch) {
		loaded, err := k.Store.LoadAll(ctx, batch)
		if err != nil {
			return nil, err
		}
		all = append(all, loaded...)
	}
	return all, nil
}

// Leave drops a session that has ended from a page of a list. That it can't be done does no harm:
// the list may be longer than the truth.
func (k *Keeper) Leave(ctx context.Context, list string, page int64, keys ...string) error {
	_, err := k.Store.ChangeRoster(ctx, driver.RosterChange{
		Key: PageKey(list, page), Rev: Rev(), Leave: keys,
	})
	return err
}

// Move lists a session under its new key beside the old one, for a renewal, which nobody has to be
// asked for: while the old one is listed, whoever ends it ends the renewal too. It returns the
// page.
func (k *Keeper) Move(ctx context.Context, list string, page int64, e Entry) (int64, error) {
	_, err := k.Store.ChangeRoster(ctx, k.entering(PageKey(list, page), e))
	if err == nil && e.Longer {
		return page, k.keepHead(ctx, list, page, e.Deadline)
	}
	if !errors.Is(err, driver.ErrFull) {
		return page, err
	}
	// The page is closed: what was alive in it has been moved into another.
	login, err := k.Open(ctx, list)
	if err != nil {
		return 0, err
	}
	return login.Enter(ctx, e, "", Limit{})
}

// Extend gives an entry a later deadline, unless it has one already: another request may extend the
// same session.
func (k *Keeper) Extend(ctx context.Context, list string, page int64, e Entry) (int64, error) {
	for attempt := range attempts {
		if attempt > 0 {
			if err := k.Pause(ctx, min(attempt-1, 4)); err != nil {
				return 0, err
			}
		}
		part, err := k.Head(ctx, PageKey(list, page))
		if err != nil {
			return 0, err
		}
		if deadline, listed := part.Entries[e.Key]; listed && !deadline.Before(e.Deadline) {
			return page, k.keepHead(ctx, list, page, e.Deadline)
		} else if !listed && part.Closed {
			return k.Move(ctx, list, page, e)
		}
		c := k.entering(part.Key, e)
		c.IfRev = &part.Rev
		_, err = k.Store.ChangeRoster(ctx, c)
		if err == nil {
			return page, k.keepHead(ctx, list, page, e.Deadline)
		}
		if !errors.Is(err, driver.ErrRoster) {
			return page, err
		}
	}
	return 0, driver.ErrConflict
}

// Entry is what a list says of a session.
type Entry struct {
	Key      string
	Deadline time.Time // its absolute deadline
	Stale    time.Time // when it will have idled out if nobody comes back
	Longer   bool      // its deadline is later than that of the session which it is about to replace
}

// entering returns the change that lists e, on no condition.
func (k *Keeper) entering(key string, e Entry) driver.RosterChange {
	return driver.RosterChange{
		Key: key, Rev: Rev(), Enter: e.Key, Deadline: e.Deadline, Expires: k.until(e.Deadline),
	}
}

// until returns when a roster may be swept that has to stay until deadline.
func (k *Keeper) until(deadline time.Time) time.Time {
	return later(deadline, k.Now().Add(kept).Truncate(time.Second))
}

// long returns when a head may be swept that has pages, in one of which an entry has a deadline: so
// late that it covers those who enter the page next, which they then need not see to.
func (k *Keeper) long(deadline time.Time) time.Time {
	now := k.Now()
	return k.until(deadline.Add(max(deadline.Sub(now), 0)).Truncate(time.Second))
}

// keepHead makes that a list's head stays until deadline, which an entry of a page has got: without
// the head nobody finds the page.
func (k *Keeper) keepHead(ctx context.Context, list string, page int64, deadline time.Time) error {
	if page == 0 {
		return nil
	}
	head, err := k.Head(ctx, list)
	if err != nil || !head.Expires.Before(deadline) {
		return err
	}
	_, err = k.Store.ChangeRoster(ctx, driver.RosterChange{Key: list, Rev: Rev(), Expires: k.long(deadline)})
	return err
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// Bump counts up the epoch of a list, so that logins that began before lose, and returns the head.
func (k *Keeper) Bump(ctx context.Context, list string) (driver.Roster, error) {
	return k.Store.ChangeRoster(ctx, driver.RosterChange{
		Key: list, Rev: Rev(), Bump: true, Expires: k.Now().Add(kept).Truncate(time.Second),
	})
}

// markerKept is how long a marker stays: longer than any request that may still be under way.
const markerKept = 30 * time.Minute

// NewMarker returns the marker for the session of key. It is the zero one, which leaves nothing, if
// the key is no hash: then the table is shared with a writer that knows no markers.
func NewMarker(key string, why driver.Reason, next string, now time.Time) driver.Marker {
	if !IsHash(key) {
		return driver.Marker{}
	}
	return driver.Marker{Why: why, Next: next, Rev: Rev(), At: now, Until: now.Add(markerKept).Truncate(time.Second)}
}

// IsHash reports whether key has the form of a hash, 128 lowercase hexadecimal digits, so that
// nobody is let in by it.
func IsHash(key string) bool {
	if len(key) != 128 {
		return false
	}
	for _, c := range []byte(key) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// limitError returns ErrLimit with the figures.
func limitError(alive, most int) error {
	return fmt.Errorf("%w: has %d, may have %d", ErrLimit, alive, most)
}

// Package rosters keeps the lists of sessions that belong together: a subject's, or a federated
// session's. Each operation is a sequence of single writes, in an order that keeps two promises:
// every live session whose ID a client knows is listed, and a session leaves the list only after it
// has ended. So a list may hold dead sessions but never lacks a live one. docs/protocol.md has the
// reasoning.
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

// The sizes of a list's parts. In DynamoDB a head with 4 entries, and a fifth while a session is
// renewed, stays below 1 KB, and a page of 12 below 2 KB. So the cost of a change doesn't grow with
// the list.
const (
	DefaultHeadSize = 4
	DefaultPageSize = 12
)

// attempts bounds how often a step is tried again because another login of the same list was
// faster.
const attempts = 256

// kept is how long a roster stays after a change that enters nothing: longer than any login takes.
const kept = time.Hour

var (
	// ErrRevoked means that all sessions of the list were revoked since the login began.
	ErrRevoked = errors.New("revoked since the login began")

	// ErrLimit means that the list has as many live sessions as the limit allows.
	ErrLimit = errors.New("limit reached")
)

// Keeper keeps lists in a store. Its fields are set once; it is safe for concurrent use.
type Keeper struct {
	Store driver.Store
	Now   func() time.Time

	// Alive reports whether the session of a record counts: it has not expired, was not revoked
	// with everybody's, and belongs to this application.
	Alive func(ctx context.Context, rec driver.Record) (bool, error)

	// Readable reports whether the data of a session that is alive can be read by this binary. A
	// session that can't be read makes room for another when a limit is reached.
	Readable func(ctx context.Context, rec driver.Record) (bool, error)

	// Pause waits before the next attempt.
	Pause func(ctx context.Context, attempt int) error

	HeadSize, PageSize int
}

// Rev returns a name for one write: 128 random bits.
func Rev() string { return rand.Text() }

// RenewalRev returns the Rev of a record that is to replace the session with this handle. The
// record keeps it until its first save. It tells a revocation that spares the session, and a limit
// that counts sessions, that both records are one session.
func RenewalRev(handle string) string { return Rev() + "<" + handle[:16] }

// ComesFrom reports whether a record with this Rev was stored to replace the session with this
// handle.
func ComesFrom(rev, handle string) bool {
	return len(handle) > 16 && strings.HasSuffix(rev, "<"+handle[:16])
}

// RenewedRev returns the Rev of a marker for a renewed session of an application. See IsForeign.
func RenewedRev(application string) string {
	if application == "" {
		return Rev()
	}
	return Rev() + "@" + applicationHash(application)
}

// IsForeign reports whether a marker's Rev names another application than the given one.
func IsForeign(rev, application string) bool {
	_, of, said := strings.Cut(rev, "@")
	return said && of != applicationHash(application)
}

func applicationHash(application string) string {
	sum := sha512.Sum512([]byte(application))
	return hex.EncodeToString(sum[:8])
}

// PageKey returns the key of a page of a list. Page 0 is the head, which has the list's key.
func PageKey(list string, page int64) string {
	if page == 0 {
		return list
	}
	return list + "#" + strconv.FormatInt(page, 10)
}

// End ends the session of key for the reason why, if it is in the given state, and returns its
// record.
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

// All loads a list, its head first. The result has every session that was listed when All began and
// has not left since.
func (k *Keeper) All(ctx context.Context, list string) ([]driver.Roster, error) {
	var seen []driver.Roster // the pages from which entries were moved
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
		// The pages are read in any order. An entry that left one of them may have come into the
		// last page after that was read. If no more entries have left when the pages are read
		// again, it is there.
		seen = moved
	}
	return nil, driver.ErrConflict
}

// mostPages is more pages than any list has: those of a million sessions. A head that says more was
// damaged, and reading the pages would take for ever.
const mostPages = 100_000

// withPages returns the head and the pages that it lists.
func (k *Keeper) withPages(ctx context.Context, head driver.Roster) ([]driver.Roster, error) {
	if n := head.Pages.Last - max(head.Pages.First, 1); n >= mostPages {
		return nil, fmt.Errorf("%w: the list %s says that it has more than %d pages", driver.ErrDecode, head.Key, mostPages)
	}
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

// Keys returns the keys in some parts of a list, each once.
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

// Leave drops ended sessions from a page of a list. If it fails, that does no harm, since a list
// may hold dead sessions.
func (k *Keeper) Leave(ctx context.Context, list string, page int64, keys ...string) error {
	_, err := k.Store.ChangeRoster(ctx, driver.RosterChange{
		Key: PageKey(list, page), Rev: Rev(), Leave: keys,
	})
	return err
}

// Move lists a session under its new key beside the old one, for a renewal, and returns the page.
// It needs no epoch: while the old key is listed, a revocation that ends it ends the renewal too.
func (k *Keeper) Move(ctx context.Context, list string, page int64, e Entry) (int64, error) {
	_, err := k.Store.ChangeRoster(ctx, k.entering(PageKey(list, page), e))
	if err == nil && e.Longer {
		return page, k.keepHead(ctx, list, page, e.Deadline)
	}
	if !errors.Is(err, driver.ErrFull) {
		return page, err
	}
	return k.reenter(ctx, list, e)
}

// Extend gives an entry a later deadline. If another request has given it one that is as late,
// Extend only makes sure that the head stays. It returns the entry's page.
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
		} else if part.Closed { // and empty
			return k.reenter(ctx, list, e)
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

// reenter lists a session whose page is closed: the page's live entries were moved into another. If
// the session is listed already, it stays where it is too. A revocation in between may have spared
// it, and ends it otherwise.
func (k *Keeper) reenter(ctx context.Context, list string, e Entry) (int64, error) {
	for range attempts {
		login, err := k.Open(ctx, list)
		if err != nil {
			return 0, err
		}
		login.moves = true
		page, err := login.Enter(ctx, e, "", Limit{})
		if !errors.Is(err, ErrRevoked) {
			return page, err
		}
	}
	return 0, driver.ErrConflict
}

// Entry is a session's place in a list.
type Entry struct {
	Key      string
	Deadline time.Time // its absolute deadline
	Stale    time.Time // when it idles out if nobody uses it
	Longer   bool      // its deadline is later than that of the session that it replaces
}

// entering returns the change that lists e, on no condition.
func (k *Keeper) entering(key string, e Entry) driver.RosterChange {
	return driver.RosterChange{
		Key: key, Rev: Rev(), Enter: e.Key, Deadline: e.Deadline, Expires: k.until(e.Deadline),
	}
}

// until returns when a roster that must stay until deadline may be swept.
func (k *Keeper) until(deadline time.Time) time.Time {
	return later(deadline, k.Now().Add(kept).Truncate(time.Second))
}

// long returns when a head may be swept after an entry with this deadline has entered one of its
// pages. It adds enough time that the next entries of the page needn't prolong the head themselves.
func (k *Keeper) long(deadline time.Time) time.Time {
	now := k.Now()
	return k.until(deadline.Add(max(deadline.Sub(now), 0)).Truncate(time.Second))
}

// keepHead prolongs a list's head until deadline, the deadline of an entry in a page: nobody finds
// a page without the head.
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

// Bump raises the epoch of a list, so that logins that began before fail, and returns the head.
func (k *Keeper) Bump(ctx context.Context, list string) (driver.Roster, error) {
	return k.Store.ChangeRoster(ctx, driver.RosterChange{
		Key: list, Rev: Rev(), Bump: true, Expires: k.Now().Add(kept).Truncate(time.Second),
	})
}

// markerKept is how long a marker stays: longer than any request can be under way.
const markerKept = 30 * time.Minute

// NewMarker returns the marker for the session of key. If the key is not a hash, it returns the
// zero marker, which means that End deletes the record: another writer of the table doesn't know
// markers.
func NewMarker(key string, why driver.Reason, next string, now time.Time) driver.Marker {
	if !IsHash(key) {
		return driver.Marker{}
	}
	return driver.Marker{Why: why, Next: next, Rev: Rev(), At: now, Until: now.Add(markerKept).Truncate(time.Second)}
}

// IsHash reports whether key has the form of a hash: 128 lowercase hexadecimal digits. Such a key
// is not an ID.
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

// limitError returns an ErrLimit that names both numbers.
func limitError(alive, most int) error {
	return fmt.Errorf("%w: has %d, may have %d", ErrLimit, alive, most)
}

package rosters

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/dynasession/dynasession/sessions/driver"
)

// Limit says how many sessions of a list may be alive, and what a login does at the limit.
type Limit struct {
	Max   int  // 0: any number
	Evict bool // the least recently used one makes room

	// Lists reports whether the session of a record belongs into the list. Nil: every session that
	// one of the list was renewed to does.
	Lists func(rec driver.Record) bool

	// Confirm is called before a session is ended to make room; an error ends the login instead.
	// Nil: none is needed.
	Confirm func(ctx context.Context) error
}

// Login enters a new session into a list. It begins by reading the list's epoch, before anything of
// the session is read: a revocation of the list's sessions after that makes it fail.
type Login struct {
	k     *Keeper
	epoch int64
	head  driver.Roster // as last seen
	moves bool          // the entry is listed elsewhere, perhaps in the page that it enters

	// Evicted is how many sessions have been ended to make room.
	Evicted int

	// LeftOver are keys of records that were stored to replace the same session. Once the login has
	// replaced it, nobody can get them any more, and they should end.
	LeftOver []string
}

// Open begins a login.
func (k *Keeper) Open(ctx context.Context, list string) (*Login, error) {
	head, err := k.Head(ctx, list)
	if err != nil {
		return nil, err
	}
	return &Login{k: k, epoch: head.Epoch, head: head}, nil
}

// Enter lists e and returns its page. The session whose key is replaces is about to end and doesn't
// count. The error is ErrRevoked, ErrLimit or the store's.
func (l *Login) Enter(ctx context.Context, e Entry, replaces string, limit Limit) (page int64, err error) {
	l.shed(ctx)
	if limit.Max > 0 {
		return 0, l.enterLimited(ctx, e, replaces, limit)
	}
	for attempt := range attempts {
		if attempt > 0 {
			if err := l.k.Pause(ctx, min(attempt-1, 4)); err != nil {
				return 0, err
			}
		}
		if l.head.Epoch != l.epoch {
			return 0, ErrRevoked
		}
		entered, page, err := l.enterSomewhere(ctx, e)
		if entered || err != nil {
			return page, err
		}
	}
	return 0, driver.ErrConflict
}

// Confirm returns ErrRevoked if the list's sessions were revoked since the login began.
func (l *Login) Confirm(ctx context.Context) error {
	head, err := l.k.Head(ctx, l.head.Key)
	if err == nil && head.Epoch != l.epoch {
		err = ErrRevoked
	}
	return err
}

// enterSomewhere tries the head, then the last page, then a new one. It reports false if the list
// has changed.
func (l *Login) enterSomewhere(ctx context.Context, e Entry) (entered bool, page int64, err error) {
	if err := l.pruneHead(ctx); err != nil {
		return false, 0, err
	}
	dead := l.passed()
	if len(l.head.Entries)-len(dead) < l.k.HeadSize {
		entered, err := l.enterHead(ctx, e, dead)
		return entered, 0, err
	}
	if pages := l.head.Pages; pages.Last >= max(pages.First, 1) {
		entered, full, err := l.enterPage(ctx, e, pages.Last)
		if entered || !full || err != nil {
			return entered, pages.Last, err
		}
	}
	return l.openPage(ctx, e)
}

// passed returns the entries of the head whose deadline has passed. No session of theirs can be
// alive, since a session gets a later deadline only after its entry.
func (l *Login) passed() []string { return passed(l.head, l.k.Now()) }

func passed(r driver.Roster, now time.Time) []string {
	var dead []string
	for key, deadline := range r.Entries {
		if !deadline.Add(kept).After(now) { // with a margin for hosts whose clocks differ
			dead = append(dead, key)
		}
	}
	slices.Sort(dead)
	return dead
}

// atOnce returns as many keys as leave in a change on which a login depends; later ones drop the
// others. Only heads of earlier versions have more.
func atOnce(keys []string) []string { return keys[:min(len(keys), maxPruned)] }

// shed drops many entries that have passed from a head of an earlier version. If concurrent logins
// do the same, so that it fails, it has no more to do.
func (l *Login) shed(ctx context.Context) {
	if dead := l.passed(); len(dead) > maxPruned {
		_, _ = l.changeHead(ctx, driver.RosterChange{Key: l.head.Key, Rev: Rev(), Leave: dead[:min(len(dead), driver.MaxLeave)]})
	}
}

func (l *Login) enterHead(ctx context.Context, e Entry, dead []string) (entered bool, err error) {
	c := l.k.entering(l.head.Key, e)
	c.IfEpoch, c.Leave, c.Most = &l.epoch, atOnce(dead), l.k.HeadSize+len(dead)
	if l.head.Stale.IsZero() || e.Stale.Before(l.head.Stale) {
		c.Stale = e.Stale
	}
	return l.changeHead(ctx, c)
}

// changeHead changes the head, and reports whether its conditions held.
func (l *Login) changeHead(ctx context.Context, c driver.RosterChange) (changed bool, err error) {
	head, err := l.k.Store.ChangeRoster(ctx, c)
	if err == nil || errors.Is(err, driver.ErrRoster) {
		l.head = head
	}
	if errors.Is(err, driver.ErrRoster) {
		return false, nil
	}
	return err == nil, err
}

// enterPage enters the last page. The page doesn't have the epoch, so the head is read once more
// afterwards: if the epoch is unchanged, a revocation that raises it later reads the page after
// this entry came into it.
func (l *Login) enterPage(ctx context.Context, e Entry, page int64) (entered, full bool, err error) {
	part, err := l.enterPart(ctx, page, e)
	if errors.Is(err, driver.ErrFull) {
		return false, true, nil
	}
	if err != nil {
		return false, false, err
	}
	if len(part.Entries) >= l.k.PageSize {
		// The page is full now. This login also opens the next one, and the same write checks the
		// epoch.
		entered, err := l.publish(ctx, e, page, page+1)
		return entered, false, err
	}
	if l.head, err = l.k.Head(ctx, l.head.Key); err != nil {
		return false, false, err
	}
	entered, err = l.confirmed(ctx, e, page)
	return entered, false, err
}

// enterPart lists e in a page that has room.
func (l *Login) enterPart(ctx context.Context, page int64, e Entry) (driver.Roster, error) {
	if l.moves {
		return l.k.enterMoved(ctx, PageKey(l.head.Key, page), e)
	}
	c := l.k.entering(PageKey(l.head.Key, page), e)
	c.Most, c.Stale = l.k.PageSize, e.Stale
	return l.k.Store.ChangeRoster(ctx, c)
}

// confirmed reads the head after e has entered a page, and reports whether it lists that page and
// has the same epoch. If not, e leaves the page again. The head is kept as long as e may live.
func (l *Login) confirmed(ctx context.Context, e Entry, page int64) (bool, error) {
	switch {
	case l.head.Epoch != l.epoch:
		l.leave(ctx, page, e)
		return false, ErrRevoked
	case page < l.head.Pages.First || page > l.head.Pages.Last:
		l.leave(ctx, page, e)
		return false, nil
	case l.head.Expires.Before(e.Deadline):
		pages := l.head.Pages
		changed, err := l.changeHead(ctx, driver.RosterChange{
			Key: l.head.Key, Rev: Rev(), IfPages: &pages, Expires: l.k.long(e.Deadline),
		})
		if changed || err != nil {
			return changed, err
		}
		return l.confirmed(ctx, e, page)
	}
	return true, nil
}

// leave removes e from a page that it has entered in vain. An entry that was listed before stays,
// since another login may have moved it to this page.
func (l *Login) leave(ctx context.Context, page int64, e Entry) {
	if !l.moves {
		_ = l.k.Leave(ctx, l.head.Key, page, e.Key)
	}
}

// openPage enters a page that the head doesn't list yet, and then makes the head list it. If that
// page is full, faster logins have filled it, or logins that broke off before the head listed it;
// openPage then takes the page after it, and the head lists both.
func (l *Login) openPage(ctx context.Context, e Entry) (entered bool, page int64, err error) {
	next := max(l.head.Pages.Last, 0) + 1
	for range attempts {
		if _, err = l.enterPart(ctx, next, e); !errors.Is(err, driver.ErrFull) {
			break
		}
		next++
	}
	if err != nil {
		return false, 0, err
	}
	entered, err = l.publish(ctx, e, next, next)
	return entered, next, err
}

// publish makes the head list the pages up to last, on condition of the epoch, after e has entered
// a page.
func (l *Login) publish(ctx context.Context, e Entry, page, last int64) (entered bool, err error) {
	was := l.head.Pages
	pages := driver.Pages{First: max(was.First, 1), Last: last}
	published, err := l.changeHead(ctx, driver.RosterChange{
		Key: l.head.Key, Rev: Rev(), IfEpoch: &l.epoch, IfPages: &was, Pages: &pages, Expires: l.k.long(e.Deadline),
	})
	if err != nil {
		return false, err
	}
	if !published {
		return l.confirmed(ctx, e, page) // another may have published the same
	}
	l.k.retire(ctx, l.head)
	return true, nil
}

// pruneHead prunes the head if it is full and one of its sessions may have idled out.
func (l *Login) pruneHead(ctx context.Context) error {
	if len(l.head.Entries) < l.k.HeadSize || l.head.Stale.IsZero() || l.head.Stale.After(l.k.Now()) {
		return nil
	}
	head, err := l.k.prune(ctx, l.head)
	l.head = head
	return err
}

// maxPruned bounds how many entries one login looks up, and ends, to make a list shorter.
const maxPruned = 25

// prune drops the dead entries of a part of a list. It ends each session before its entry leaves: a
// session that looks idle may be about to be touched, and a key without a record may be a login
// that has not stored it yet.
func (k *Keeper) prune(ctx context.Context, part driver.Roster) (driver.Roster, error) {
	now := k.Now()
	dead := passed(part, now)
	var keys []string
	for _, key := range Keys([]driver.Roster{part}) {
		if len(keys) < maxPruned && !slices.Contains(dead, key) {
			keys = append(keys, key)
		}
	}
	loaded, err := k.LoadAll(ctx, keys)
	if err != nil {
		return part, err
	}
	var stale time.Time // when the next session may have idled out
	for i, found := range loaded {
		over, err := k.endDead(ctx, keys[i], found)
		if err != nil {
			return part, err
		}
		if over {
			dead = append(dead, keys[i])
		} else if at := found.Record.ExpiresAt(); found.Err == nil && (stale.IsZero() || at.Before(stale)) {
			stale = at
		}
	}
	if len(dead) == 0 && stale.IsZero() {
		return part, nil
	}
	changed, err := k.Store.ChangeRoster(ctx, driver.RosterChange{
		Key: part.Key, Rev: Rev(), Leave: atOnce(dead), Stale: stale,
	})
	if err != nil {
		return part, err
	}
	return changed, nil
}

// endDead ends the session of a key if it was found dead, and reports whether it has ended.
func (k *Keeper) endDead(ctx context.Context, key string, found driver.Loaded) (ended bool, err error) {
	state := &driver.State{Absent: true}
	switch {
	case errors.Is(found.Err, driver.ErrEnded):
		return true, nil
	case errors.Is(found.Err, driver.ErrNotFound) && !IsHash(key):
		return false, nil // without a marker, a login may still store its record later
	case errors.Is(found.Err, driver.ErrNotFound):
	case found.Err != nil:
		return false, nil // another binary may be able to read it
	default:
		alive, err := k.Alive(ctx, found.Record)
		if alive || err != nil {
			return false, err
		}
		state = &driver.State{Rev: found.Record.Rev, Accessed: found.Record.Accessed}
	}
	return k.end(ctx, key, driver.Abandoned, state)
}

// end ends a session if it is still in the state given, and reports whether it has ended.
func (k *Keeper) end(ctx context.Context, key string, why driver.Reason, state *driver.State) (ended bool, err error) {
	_, err = k.End(ctx, key, why, state)
	switch {
	case err == nil, errors.Is(err, driver.ErrNotFound):
		return true, nil
	case errors.Is(err, driver.ErrConflict):
		return false, nil
	}
	return false, err
}

package rosters

import (
	"context"
	"errors"
	"time"

	"github.com/dynasession/dynasession/sessions/driver"
)

// retiredAtOnce is the most pages that one login retires. It is more than the one page that a login
// opens, so that a long list shrinks again.
const retiredAtOnce = 2

// fewPages is how many pages a list may have before sessions are moved to make it shorter.
const fewPages = 8

// retire drops a list's first pages that have no live session. Steps that fail are left to the next
// login that opens a page.
func (k *Keeper) retire(ctx context.Context, head driver.Roster) {
	for range retiredAtOnce {
		var retired bool
		if head, retired = k.retireFirst(ctx, head); !retired {
			return
		}
	}
}

// retireFirst prunes the first page, and moves its live entries on if the list is long: otherwise a
// session that stays for months would keep all later pages. When the page is empty it closes the
// page, and returns the head that doesn't list it any more.
func (k *Keeper) retireFirst(ctx context.Context, head driver.Roster) (driver.Roster, bool) {
	pages := head.Pages
	if pages.First >= pages.Last {
		return head, false
	}
	first, err := k.Head(ctx, PageKey(head.Key, pages.First))
	if err != nil {
		return head, false
	}
	now := k.Now()
	stale := !first.Stale.IsZero() && !first.Stale.After(now)
	if stale || len(passed(first, now)) > 0 {
		if first, err = k.prune(ctx, first); err != nil {
			return head, false
		}
	}
	if len(first.Entries) > 0 && pages.Last-pages.First >= fewPages && (stale || hasMoved(first)) {
		if head, first, err = k.moveOn(ctx, head, first); err != nil {
			return head, false
		}
	}
	if len(first.Entries) > 0 {
		return head, false
	}
	until := now.Add(kept).Truncate(time.Second)
	if _, err := k.Store.ChangeRoster(ctx, driver.RosterChange{Key: first.Key, Rev: Rev(), Close: true, Expires: until}); err != nil {
		return head, false
	}
	next, err := k.Store.ChangeRoster(ctx, driver.RosterChange{
		Key: head.Key, Rev: Rev(), IfPages: &pages, Pages: &driver.Pages{First: pages.First + 1, Last: pages.Last}, Expires: until,
	})
	return next, err == nil
}

// moveOn moves entries of the first page into the last, at most half a page of them, and returns
// the head and the first page as they are then. The sessions' records still name the first page. So
// it stays closed for as long as they may live, and nothing enters it because a record names it.
// When such a session ends, its entry stays until a login prunes it.
//
// The entries are in the last page before they leave the first. They leave on condition of its Rev,
// since one may have got a later deadline. The first page counts in its field Pages how often
// entries were moved, for readers that read the last page before the entries came into it and the
// first after they had left: see Keeper.All. Before they leave, the head gets another Rev, since a
// login that counts sessions is conditional on it.
func (k *Keeper) moveOn(ctx context.Context, head, first driver.Roster) (newHead, newFirst driver.Roster, err error) {
	var moved []string
	for _, key := range Keys([]driver.Roster{first}) {
		if len(moved) >= k.PageSize/2 {
			break
		}
		e := Entry{Key: key, Deadline: first.Entries[key], Stale: first.Stale}
		if _, err := k.enterMoved(ctx, PageKey(head.Key, head.Pages.Last), e); errors.Is(err, driver.ErrFull) {
			break
		} else if err != nil {
			return head, first, err
		}
		moved = append(moved, key)
	}
	if len(moved) == 0 {
		return head, first, nil
	}
	pages := head.Pages
	newHead, err = k.Store.ChangeRoster(ctx, driver.RosterChange{
		Key: head.Key, Rev: Rev(), IfPages: &pages, Pages: &pages,
	})
	if err != nil {
		return head, first, err
	}
	newFirst, err = k.Store.ChangeRoster(ctx, driver.RosterChange{
		Key: first.Key, Rev: Rev(), IfRev: &first.Rev, Leave: moved, Pages: &driver.Pages{First: first.Pages.First + 1},
	})
	if err != nil {
		return newHead, first, err
	}
	return newHead, newFirst, nil
}

// movedAttempts bounds how often an entry that is being moved is tried again because others enter
// the same page.
const movedAttempts = 8

// enterMoved lists in a page, if it has room, an entry that is to leave another part of the list,
// and returns the page. It doesn't overwrite a later deadline in the page, since the other part may
// have been read earlier.
func (k *Keeper) enterMoved(ctx context.Context, page string, e Entry) (driver.Roster, error) {
	part, err := k.Head(ctx, page)
	if err != nil {
		return part, err
	}
	for range movedAttempts {
		if at, listed := part.Entries[e.Key]; listed && !at.Before(e.Deadline) {
			return part, nil
		}
		c := k.entering(page, e)
		c.IfRev, c.Most, c.Stale = &part.Rev, k.PageSize, e.Stale
		changed, err := k.Store.ChangeRoster(ctx, c)
		if !errors.Is(err, driver.ErrRoster) || errors.Is(err, driver.ErrFull) {
			return changed, err
		}
		part = changed
	}
	return part, driver.ErrConflict
}

// hasMoved reports whether entries of a page have been moved into another.
func hasMoved(page driver.Roster) bool { return page.Pages != driver.Pages{} }

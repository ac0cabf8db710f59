package rosters_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/internal/cued"
	"github.com/dynasession/dynasession/sessions/internal/rosters"
)

// sizes are small head and page sizes, so that parts fill up soon, and the default ones.
var sizes = [][2]int{{1, 1}, {1, 2}, {2, 1}, {2, 2}, {rosters.DefaultHeadSize, rosters.DefaultPageSize}}

func forSizes(t *testing.T, test func(t *testing.T, d *desk)) {
	t.Helper()
	for _, s := range sizes {
		t.Run(fmt.Sprintf("%d+%d", s[0], s[1]), func(t *testing.T) { test(t, newDesk(s[0], s[1])) })
	}
}

func TestList_HasEverySessionOnce(t *testing.T) {
	forSizes(t, func(t *testing.T, d *desk) {
		is := is.New(t)
		var keys []string
		for range 50 {
			key, page, err := d.login(t, rosters.Limit{})
			is.NoErr(err)
			keys = append(keys, key)
			part, err := d.Head(t.Context(), rosters.PageKey(list, page))
			is.NoErr(err)
			_, isThere := part.Entries[key]
			is.True(isThere) // it is in the page that Enter returned
		}
		d.wantListed(t, keys...)
		parts, err := d.All(t.Context(), list)
		is.NoErr(err)
		n := 0
		for i, part := range parts {
			n += len(part.Entries)
			is.True(len(part.Entries) <= max(d.PageSize, d.HeadSize))
			is.Equal(part.Key, rosters.PageKey(list, int64(i)))
		}
		is.Equal(n, 50)
		is.True(len(parts) <= 50/d.PageSize+2)
	})
}

// A second login runs at every point of the first: both are listed, in a page that the head lists.
func TestList_LoginsBesideEachOther(t *testing.T) {
	forSizes(t, func(t *testing.T, d *desk) {
		for before := range 8 {
			for n := 1; ; n++ {
				came := false
				for _, after := range []bool{false, true} {
					for _, others := range []int{1, 3} {
						d := newDesk(d.HeadSize, d.PageSize)
						var keys []string
						for range before {
							keys = append(keys, d.must(t))
						}
						other := d.behind()
						at := d.at(n, after, func() {
							for range others {
								keys = append(keys, other.must(t))
							}
						})
						key, _, err := d.login(t, rosters.Limit{})
						d.store.Off()
						if err != nil {
							t.Fatalf("%d before, at %d: %v", before, n, err)
						}
						d.wantListed(t, append(keys, key)...)
						came = came || *at
					}
				}
				if !came {
					break
				}
			}
		}
	})
}

// A revocation that raises the epoch, and then reads the list, finds every login that succeeds.
func TestList_AnEpochIsMissedByNobody(t *testing.T) {
	forSizes(t, func(t *testing.T, d *desk) {
		lost, won := 0, 0
		for before := range 8 {
			for n := 2; ; n++ {
				came := false
				for _, after := range []bool{false, true} {
					d := newDesk(d.HeadSize, d.PageSize)
					for range before {
						d.must(t)
					}
					var seen map[string]bool
					at := d.at(n, after, func() {
						if _, err := d.behind().Bump(t.Context(), list); err != nil {
							t.Error(err)
						}
						seen = d.listed(t)
					})
					key, _, err := d.login(t, rosters.Limit{})
					d.store.Off()
					if !*at {
						continue
					}
					came = true
					switch {
					case err == nil && !seen[key]:
						t.Errorf("%d before, at %d, after %v: a login has won that the revocation can't have seen", before, n, after)
					case err == nil:
						won++
					case errors.Is(err, rosters.ErrRevoked):
						lost++
						if _, err := d.mem.Load(t.Context(), key); err == nil {
							t.Error("a login that has lost has stored a session")
						}
						if d.listed(t)[key] {
							t.Error("a login that has lost is listed")
						}
					default:
						t.Error(err)
					}
				}
				if !came {
					break
				}
			}
		}
		if lost == 0 || won == 0 {
			t.Errorf("%d logins have lost and %d won: it was no test", lost, won)
		}
	})
}

// A login that broke off at any point doesn't keep others from signing in, and leaves no session
// unlisted.
func TestList_LoginsThatBreakOff(t *testing.T) {
	forSizes(t, func(t *testing.T, d *desk) {
		for before := range 8 {
			for n := 1; n < 12; n++ {
				for _, applied := range []bool{false, true} {
					d := newDesk(d.HeadSize, d.PageSize)
					var keys []string
					for range before {
						keys = append(keys, d.must(t))
					}
					i := 0
					d.store.On("any", func(c *cued.Call) error {
						if i++; i < n {
							return c.Do()
						}
						if i == n && applied {
							_ = c.Do()
						}
						return errors.New("the process has died")
					})
					key, _, _ := d.login(t, rosters.Limit{})
					d.store.Off()
					keys = append(keys, key)
					for range 2 * (d.HeadSize + d.PageSize) {
						keys = append(keys, d.must(t))
					}
					d.wantListed(t, keys...)
				}
			}
		}
	})
}

// Dead entries leave without being told: a list whose sessions all end stays short, and its first
// pages are closed.
func TestList_DeadEntriesLeaveInBoundedSteps(t *testing.T) {
	forSizes(t, func(t *testing.T, d *desk) {
		is := is.New(t)
		var keys []string
		most := 0
		for i := range 600 {
			d.clock.Advance(time.Minute) // sixty are alive at any time
			d.store.Took()
			keys = append(keys, d.must(t))
			most = max(most, len(d.store.Took()))
			if i%7 == 0 {
				d.wantListed(t, keys...)
			}
		}
		parts, err := d.All(t.Context(), list)
		is.NoErr(err)
		is.True(len(d.listed(t)) <= 60+2*(d.HeadSize+3*d.PageSize))
		is.True(len(parts) <= (60+2*(d.HeadSize+3*d.PageSize))/d.PageSize+2)
		is.True(parts[0].Pages.First > 1)
		is.True(most <= 2*rosters.DefaultPageSize+12)
		closed, err := d.Head(t.Context(), rosters.PageKey(list, parts[0].Pages.First-1))
		is.NoErr(err)
		is.True(closed.Closed || closed.Rev == "") // or swept
	})
}

// An entry leaves without a look at its session only an hour after the deadline: this host's clock
// may be ahead of that of the host that has judged it.
func TestEnter_AHostWhoseClockIsAhead(t *testing.T) {
	is := is.New(t)
	d := newLazyDesk(4, 4)
	key := d.must(t)
	d.clock.Advance(absolute + 59*time.Minute)
	d.must(t)
	is.True(d.listed(t)[key])
	d.clock.Advance(time.Minute)
	d.must(t)
	is.True(!d.listed(t)[key])
}

// A login that is about to enter a page enters another if that one is closed, at any point.
func TestList_APageIsClosedUnderALogin(t *testing.T) {
	is := is.New(t)
	d := newDesk(1, 2)
	head := d.must(t)
	// In page 1, which is full now: the head has page 2, which is empty.
	a, b := d.must(t), d.must(t)
	_ = head
	l, err := d.Open(t.Context(), list) // sees pages 1 to 2
	is.NoErr(err)
	d.end(t, a)
	d.end(t, b)
	d.clock.Advance(2 * idle)
	other := d.behind()
	for range 3 { // fills page 2, opens page 3, and closes page 1
		other.must(t)
	}
	for range 2 {
		other.must(t)
	}
	is.True(len(d.listed(t)) >= 4)
	key := d.key()
	page, err := l.Enter(t.Context(), d.entry(key), "", rosters.Limit{})
	is.NoErr(err)
	is.NoErr(d.save(t, key))
	is.True(page == 0 || page >= 2)
	d.wantListed(t, key)
}

func TestMove_OutOfAClosedPage(t *testing.T) {
	is := is.New(t)
	d := newDesk(1, 1)
	d.must(t)
	_, page, err := d.login(t, rosters.Limit{})
	is.NoErr(err)
	is.Equal(page, int64(1))
	part, err := d.Head(t.Context(), rosters.PageKey(list, 1))
	is.NoErr(err)
	for key := range part.Entries {
		d.end(t, key)
		is.NoErr(d.Leave(t.Context(), list, 1, key))
	}
	_, err = d.mem.ChangeRoster(t.Context(), driver.RosterChange{Key: part.Key, Rev: "closes", Close: true, Expires: d.clock.Now().Add(time.Hour)})
	is.NoErr(err)
	key := d.key()
	page, err = d.Move(t.Context(), list, 1, d.entry(key))
	is.NoErr(err)
	is.True(page != 1)
	is.NoErr(d.save(t, key))
	d.wantListed(t, key)
	page, err = d.Extend(t.Context(), list, 1, d.entry(d.key()))
	is.NoErr(err)
	is.True(page != 1)
}

// Pruning ends a session first, on condition of the state that it saw: a session that is used at
// the last moment stays.
func TestPrune_ASessionThatIsTouchedStays(t *testing.T) {
	forSizes(t, func(t *testing.T, d *desk) {
		is := is.New(t)
		d = newLazyDesk(d.HeadSize, d.PageSize)
		var keys []string
		for range d.HeadSize {
			keys = append(keys, d.must(t))
		}
		d.clock.Advance(idle) // they look idle
		ended := 0
		d.store.On("End", func(c *cued.Call) error {
			ended++
			for _, key := range keys { // just before they are ended
				is.NoErr(d.mem.Touch(t.Context(), key, d.clock.Now(), d.clock.Now().Add(idle)))
			}
			return c.Do()
		})
		keys = append(keys, d.must(t))
		d.store.Off()
		is.Equal(ended, d.HeadSize)
		for _, key := range keys {
			_, err := d.mem.Load(t.Context(), key)
			is.NoErr(err)
		}
		d.wantListed(t, keys...)
	})
}

// A full head is looked through once one of its sessions may have idled out, and then again when
// the next may have. A head with room is not.
func TestPrune_WhenTheNextMayHaveIdledOut(t *testing.T) {
	for first := range 2 {
		is := is.New(t)
		d := newDesk(2, 4)
		begin := d.clock.Now()
		keys := []string{d.must(t)}
		d.clock.Advance(idle / 4)
		keys = append(keys, d.must(t))
		d.clock.Advance(idle / 4)
		for i, key := range keys { // the one is used later than the other
			at := d.clock.Now().Add(time.Duration(i^first) * idle / 4)
			is.NoErr(d.mem.Touch(t.Context(), key, at, at.Add(idle)))
		}
		d.clock.Advance(idle / 2)
		looks := 0
		d.store.On("LoadAll", func(c *cued.Call) error { looks++; return c.Do() })
		for range 3 {
			d.must(t)
		}
		is.Equal(looks, 1)
		head, err := d.Head(t.Context(), list)
		is.NoErr(err)
		is.True(head.Stale.Equal(begin.Add(idle / 2).Add(idle)))
		is.NoErr(d.Leave(t.Context(), list, 0, keys...))
		d.clock.Advance(idle)
		d.must(t)
		is.Equal(looks, 1)
	}
}

// A key without a record may be a login under way: it is ended before it is dropped, so that its
// record can't come.
func TestPrune_ALoginUnderWayLoses(t *testing.T) {
	is := is.New(t)
	d := newDesk(1, 1)
	l, err := d.Open(t.Context(), list)
	is.NoErr(err)
	key := d.key()
	_, err = l.Enter(t.Context(), d.entry(key), "", rosters.Limit{})
	is.NoErr(err) // the login is slow from here on
	d.clock.Advance(2 * idle)
	d.must(t)
	is.True(!d.listed(t)[key])
	err = d.save(t, key)
	wants.Err(t, err, driver.ErrEnded)
	var ended *driver.EndedError
	is.True(errors.As(err, &ended))
	is.Equal(ended.Marker.Why, driver.Abandoned)
}

// A key that is not a hash belongs to a table without markers, where nothing keeps a record from
// being stored late.
func TestPrune_WithoutMarkersALoginUnderWayStays(t *testing.T) {
	is := is.New(t)
	d := newDesk(1, 1)
	l, err := d.Open(t.Context(), list)
	is.NoErr(err)
	_, err = l.Enter(t.Context(), d.entry("raw-id"), "", rosters.Limit{})
	is.NoErr(err)
	d.clock.Advance(2 * idle)
	d.must(t)
	is.True(d.listed(t)["raw-id"])
	is.NoErr(d.save(t, "raw-id"))
	d.wantListed(t, "raw-id")
}

// A record that this binary can't read stays, since another binary may read it.
func TestPrune_WhatCannotBeReadStays(t *testing.T) {
	is := is.New(t)
	d := newDesk(1, 1)
	key := d.must(t)
	d.clock.Advance(2 * idle)
	d.store.On("LoadAll", func(c *cued.Call) error {
		err := c.Do()
		c.Loaded[0] = driver.Loaded{Err: driver.ErrDecode}
		return err
	})
	d.must(t)
	is.True(d.listed(t)[key])
}

func TestMarker_OfAKeyThatIsAHash(t *testing.T) {
	is := is.New(t)
	now := time.Date(2026, 3, 1, 9, 0, 0, 123456000, time.UTC)
	d := newDesk(1, 1)
	key := d.key()
	m := rosters.NewMarker(key, driver.Renewed, "next", now)
	is.Equal(m.Why, driver.Renewed)
	is.Equal(m.Next, "next")
	is.Equal(m.At, now)
	is.True(m.Rev != "" && m.Rev != rosters.NewMarker(key, driver.Renewed, "next", now).Rev)
	is.True(!m.Until.Before(now.Add(15 * time.Minute)))
	is.Equal(m.Until.Nanosecond(), 0)
	for _, raw := range []string{"", "raw-id", key[:127], key + "0", "A" + key[1:], "g" + key[1:], key[:127] + ":"} {
		is.Equal(rosters.NewMarker(raw, driver.Destroyed, "", now), driver.Marker{})
		is.True(!rosters.IsHash(raw))
	}
	is.True(rosters.IsHash(key))
}

func TestComesFrom(t *testing.T) {
	is := is.New(t)
	d := newDesk(1, 1)
	from, other := d.key(), d.key()
	rev := rosters.RenewalRev(from)
	is.True(rosters.ComesFrom(rev, from))
	is.True(!rosters.ComesFrom(rev, other))
	is.True(!rosters.ComesFrom(rosters.Rev(), from))
	is.True(!rosters.ComesFrom(rev, ""))
	is.True(rosters.RenewalRev(from) != rev)
}

// Who finds the list changed by others at every attempt has lost a race, and is told so: it is not
// listed.
func TestEnter_AListThatNeverRestsIsAConflict(t *testing.T) {
	forSizes(t, func(t *testing.T, d *desk) {
		is := is.New(t)
		var keys []string
		for range d.HeadSize + d.PageSize {
			keys = append(keys, d.must(t))
		}
		l, err := d.Open(t.Context(), list)
		is.NoErr(err)
		limited, err := d.Open(t.Context(), list)
		is.NoErr(err)
		d.store.On("ChangeRoster", func(c *cued.Call) error {
			if c.Change.Enter == "" {
				return c.Do()
			}
			c.Roster, err = d.behind().Head(t.Context(), c.Key)
			is.NoErr(err)
			return driver.ErrRoster
		})
		_, err = d.Extend(t.Context(), list, 0, rosters.Entry{Key: keys[0], Deadline: d.clock.Now().Add(2 * absolute)})
		wants.Err(t, err, driver.ErrConflict) // a later deadline
		_, err = limited.Enter(t.Context(), d.entry(d.key()), "", rosters.Limit{Max: 100})
		wants.Err(t, err, driver.ErrConflict) // a login under a limit
		if d.HeadSize > 1 {
			return
		}
		_, err = l.Enter(t.Context(), d.entry(d.key()), "", rosters.Limit{})
		is.True(err != nil) // a login
	})
}

// A head of a version without pages may list more dead sessions than may leave at once. It keeps
// nobody out, and gets shorter with each login.
func TestEnter_PastHundredsThatHavePassed(t *testing.T) {
	for name, limit := range map[string]rosters.Limit{
		"no limit": {}, "a limit": {Max: 9}, "a limit that evicts": {Max: 3, Evict: true},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			d := newLazyDesk(4, 12)
			for range 2*driver.MaxLeave + 100 {
				_, err := d.mem.ChangeRoster(t.Context(), driver.RosterChange{
					Key: list, Rev: rosters.Rev(), Enter: d.key(), Deadline: d.clock.Now().Add(absolute),
				})
				is.NoErr(err)
			}
			d.clock.Advance(2 * absolute)
			d.store.On("ChangeRoster", func(c *cued.Call) error {
				if c.Change.Enter == "" {
					return driver.ErrUnavailable // concurrent logins have changed it too often
				}
				is.True(len(c.Change.Leave) <= 25) // so few that concurrent logins don't get in each other's way
				return c.Do()
			})
			for _, left := range []int{876, 852} {
				key, _, err := d.login(t, limit)
				is.NoErr(err)
				d.wantListed(t, key)
				is.True(len(d.listed(t)) <= left+8) // with a limit, dead ones may have moved into a page
			}
			d.store.Off()
			for _, left := range []int{428, 4, 5} {
				key, _, err := d.login(t, limit)
				is.NoErr(err)
				d.wantListed(t, key)
				is.True(len(d.listed(t)) <= left+8)
			}
		})
	}
}

// A head that was damaged by hand and lists pages without end is an error that names it.
func TestAll_OfPagesWithoutEnd(t *testing.T) {
	is := is.New(t)
	d := newDesk(1, 4)
	d.must(t)
	pages := driver.Pages{First: 1, Last: 1 << 62}
	_, err := d.mem.ChangeRoster(t.Context(), driver.RosterChange{Key: list, Rev: "by hand", Pages: &pages})
	is.NoErr(err)
	_, err = d.All(t.Context(), list)
	wants.Err(t, err, driver.ErrDecode)
	wants.Text(t, err, list)
	_, _, err = d.login(t, rosters.Limit{Max: 1})
	wants.Err(t, err, driver.ErrDecode)
}

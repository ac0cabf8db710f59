package rosters_test

import (
	"context"
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

// alive returns how many of the keys' sessions are alive.
func (d *desk) alive(t testing.TB, keys []string) int {
	t.Helper()
	n := 0
	for _, key := range keys {
		if rec, err := d.mem.Load(t.Context(), key); err == nil && rec.ExpiresAt().After(d.clock.Now()) {
			n++
		}
	}
	return n
}

// A second login runs at every point of the first. There are never more sessions than the limit,
// and never fewer if there were enough.
func TestLimit_IsExactAtEveryPoint(t *testing.T) {
	forSizes(t, func(t *testing.T, d *desk) {
		for _, limit := range []rosters.Limit{{Max: 1}, {Max: 1, Evict: true}, {Max: 3}, {Max: 3, Evict: true}, {Max: 9, Evict: true}} {
			for before := range limit.Max + 1 {
				for n := 1; ; n++ {
					came := false
					for _, after := range []bool{false, true} {
						d := newDesk(d.HeadSize, d.PageSize)
						var keys []string
						for range before {
							d.clock.Advance(time.Second)
							key, _, err := d.login(t, limit)
							if err != nil {
								t.Fatal(err)
							}
							keys = append(keys, key)
						}
						other := d.behind()
						at := d.at(n, after, func() {
							key, _, err := other.login(t, limit)
							if err != nil && !errors.Is(err, rosters.ErrLimit) {
								t.Error(err)
							}
							keys = append(keys, key)
						})
						key, _, err := d.login(t, limit)
						d.store.Off()
						if err != nil && !errors.Is(err, rosters.ErrLimit) && !errors.Is(err, driver.ErrEnded) {
							t.Errorf("%+v, %d before, at %d: %v", limit, before, n, err)
						}
						keys = append(keys, key)
						d.wantListed(t, keys...)
						if got, want := d.alive(t, keys), min(limit.Max, len(keys)); got > want || !*at && got != want {
							t.Errorf("%+v, %d before, at %d after %v: %d are alive, want %d", limit, before, n, after, got, want)
						}
						came = came || *at
					}
					if !came {
						break
					}
				}
			}
		}
	})
}

func TestLimit_EvictsTheLeastRecentlyUsed(t *testing.T) {
	forSizes(t, func(t *testing.T, d *desk) {
		is := is.New(t)
		limit := rosters.Limit{Max: 3, Evict: true}
		var keys []string
		for range 3 {
			d.clock.Advance(time.Minute)
			key, _, err := d.login(t, limit)
			is.NoErr(err)
			keys = append(keys, key)
		}
		d.clock.Advance(time.Minute)
		is.NoErr(d.mem.Touch(t.Context(), keys[0], d.clock.Now(), d.clock.Now().Add(idle)))
		l, err := d.Open(t.Context(), list)
		is.NoErr(err)
		_, err = l.Enter(t.Context(), d.entry(d.key()), "", limit)
		is.NoErr(err)
		is.Equal(l.Evicted, 1)
		_, err = d.mem.Load(t.Context(), keys[1])
		var ended *driver.EndedError
		is.True(errors.As(err, &ended))
		is.Equal(ended.Marker.Why, driver.Evicted)
		is.Equal(d.alive(t, keys), 2)
		is.True(!d.listed(t)[keys[1]]) // it has left the head with the same write
	})
}

// A session that is used at the moment of its eviction stays, and another is evicted.
func TestLimit_LooksAgainAtASessionThatIsTouched(t *testing.T) {
	is := is.New(t)
	d := newDesk(2, 2)
	limit := rosters.Limit{Max: 2, Evict: true}
	var keys []string
	for range 2 {
		d.clock.Advance(time.Minute)
		key, _, err := d.login(t, limit)
		is.NoErr(err)
		keys = append(keys, key)
	}
	d.clock.Advance(time.Minute)
	d.store.Once("End", func(c *cued.Call) error {
		is.Equal(c.Key, keys[0])
		is.NoErr(d.mem.Touch(t.Context(), c.Key, d.clock.Now(), d.clock.Now().Add(idle)))
		return c.Do()
	})
	_, _, err := d.login(t, limit)
	is.NoErr(err)
	_, err = d.mem.Load(t.Context(), keys[0])
	is.NoErr(err)
	_, err = d.mem.Load(t.Context(), keys[1])
	wants.Err(t, err, driver.ErrEnded)
}

// A limited login waits for another that has entered and stored nothing, and takes its place after
// some looks; then the other can't store its session any more.
func TestLimit_ALoginThatBrokeOffGivesItsPlaceUp(t *testing.T) {
	for _, limit := range []rosters.Limit{{Max: 1}, {Max: 2, Evict: true}} {
		t.Run(fmt.Sprintf("%+v", limit), func(t *testing.T) {
			is := is.New(t)
			d := newDesk(2, 2)
			var alive []string
			for range limit.Max - 1 {
				key, _, err := d.login(t, limit)
				is.NoErr(err)
				alive = append(alive, key)
			}
			l, err := d.Open(t.Context(), list)
			is.NoErr(err)
			broken := d.key()
			_, err = l.Enter(t.Context(), d.entry(broken), "", limit)
			is.NoErr(err)
			d.store.Took()
			key, _, err := d.login(t, limit)
			is.NoErr(err)
			looks := 0
			for _, name := range d.store.Took() {
				if name == "LoadAll" {
					looks++
				}
			}
			is.True(looks > 4)                                  // it was waited for
			is.Equal(d.alive(t, append(alive, key)), limit.Max) // no session was evicted for it
			wants.Err(t, d.save(t, broken), driver.ErrEnded)
		})
	}
}

// A login that finds room beside others under way waits for none of them, and ends none: beside a
// login in a head that also has a dead entry, and beside a renewal in a page.
func TestLimit_BesideLoginsUnderWayThatLeaveRoom(t *testing.T) {
	is := is.New(t)
	d := newDesk(1, 4)
	limit := rosters.Limit{Max: 2}
	enter := func() string {
		l, err := d.Open(t.Context(), list)
		is.NoErr(err)
		key := d.key()
		_, err = l.Enter(t.Context(), d.entry(key), "", limit)
		is.NoErr(err)
		return key
	}
	dead, slow := d.must(t), enter()
	d.end(t, dead)
	d.store.Took()
	key, _, err := d.login(t, limit)
	is.NoErr(err)
	is.True(len(d.store.Took()) <= 4)
	is.NoErr(d.save(t, slow))
	is.Equal(d.alive(t, []string{slow, key}), 2)

	d = newDesk(1, 4)
	d.end(t, d.must(t))
	_, page := d.stays(t)
	is.Equal(page, int64(1))
	next := d.key()
	_, err = d.Move(t.Context(), list, page, d.entry(next))
	is.NoErr(err)
	d.store.Took()
	_, _, err = d.login(t, limit)
	is.NoErr(err)
	is.True(len(d.store.Took()) <= 5)
	is.NoErr(d.save(t, next))
}

// A slow login keeps its place if it stores its session in time.
func TestLimit_ASlowLoginKeepsItsPlace(t *testing.T) {
	is := is.New(t)
	d := newDesk(2, 2)
	limit := rosters.Limit{Max: 1}
	l, err := d.Open(t.Context(), list)
	is.NoErr(err)
	slow := d.key()
	_, err = l.Enter(t.Context(), d.entry(slow), "", limit)
	is.NoErr(err)
	looks := 0
	d.store.On("LoadAll", func(c *cued.Call) error {
		if looks++; looks == 4 {
			is.NoErr(d.behind().save(t, slow))
		}
		return c.Do()
	})
	_, _, err = d.login(t, limit)
	wants.Err(t, err, rosters.ErrLimit)
	is.Equal(err.Error(), "limit reached: has 1, may have 1")
	is.Equal(d.alive(t, []string{slow}), 1)
}

// No login waits for yesterday's entry whose record the database has swept.
func TestLimit_WhatWasSweptMakesNobodyWait(t *testing.T) {
	is := is.New(t)
	d := newDesk(2, 2)
	limit := rosters.Limit{Max: 1}
	key, _, err := d.login(t, limit)
	is.NoErr(err)
	_, err = d.mem.End(t.Context(), driver.End{Key: key})
	is.NoErr(err)
	d.clock.Advance(2 * idle)
	d.store.Took()
	_, _, err = d.login(t, limit)
	is.NoErr(err)
	is.True(len(d.store.Took()) <= 8)
}

// With a high limit the head stays small: old entries move into pages, and still count.
func TestLimit_TheHeadOfManyStaysSmall(t *testing.T) {
	is := is.New(t)
	d := newDesk(2, 2)
	limit := rosters.Limit{Max: 40}
	var keys []string
	for range 40 {
		d.clock.Advance(time.Second)
		key, _, err := d.login(t, limit)
		is.NoErr(err)
		keys = append(keys, key)
		d.wantListed(t, keys...)
	}
	_, _, err := d.login(t, limit)
	wants.Err(t, err, rosters.ErrLimit)
	parts, err := d.All(t.Context(), list)
	is.NoErr(err)
	is.True(len(parts[0].Entries) <= 3*d.HeadSize+1)
	is.True(len(parts) > 1)
	for _, part := range parts {
		is.True(!part.Stale.IsZero() || len(part.Entries) == 0) // or it would not be looked through
	}
	is.Equal(d.alive(t, keys), 40)
}

// An entry that gets a later deadline while it is moved into a page keeps it.
func TestLimit_AnEntryThatIsExtendedWhileItIsMoved(t *testing.T) {
	for n := 1; ; n++ {
		is := is.New(t)
		d := newDesk(1, 2)
		limit := rosters.Limit{Max: 40}
		var keys []string
		for range 3 * d.HeadSize {
			d.clock.Advance(time.Second)
			key, _, err := d.login(t, limit)
			is.NoErr(err)
			keys = append(keys, key)
		}
		later := d.entry(keys[0])
		later.Deadline = later.Deadline.Add(100 * time.Hour)
		came := d.at(n, true, func() {
			_, err := d.behind().Extend(t.Context(), list, 0, later)
			is.NoErr(err)
		})
		_, _, err := d.login(t, limit)
		is.NoErr(err)
		d.store.Off()
		if !*came {
			return
		}
		parts, err := d.All(t.Context(), list)
		is.NoErr(err)
		latest := time.Time{}
		for _, part := range parts {
			if at := part.Entries[keys[0]]; at.After(latest) {
				latest = at
			}
		}
		is.Equal(latest, later.Deadline)
	}
}

// A login that replaces a session takes that one's place.
func TestLimit_ALoginAgainTakesItsOwnPlace(t *testing.T) {
	is := is.New(t)
	d := newDesk(2, 2)
	limit := rosters.Limit{Max: 1}
	key, _, err := d.login(t, limit)
	is.NoErr(err)
	l, err := d.Open(t.Context(), list)
	is.NoErr(err)
	_, err = l.Enter(t.Context(), d.entry(d.key()), key, limit)
	is.NoErr(err)
}

func TestLimit_SparesABinaryWhatItCannotRead(t *testing.T) {
	is := is.New(t)
	d := newDesk(2, 2)
	limit := rosters.Limit{Max: 1}
	_, _, err := d.login(t, limit)
	is.NoErr(err)
	d.store.On("LoadAll", func(c *cued.Call) error {
		err := c.Do()
		c.Loaded[0] = driver.Loaded{Err: driver.ErrDecode}
		return err
	})
	_, _, err = d.login(t, limit) // a record that can't be read doesn't keep its user out
	is.NoErr(err)
}

// A login that moves the oldest entry out of the head, and has read it earlier, doesn't overwrite a
// later deadline that the entry has got in the page.
func TestSpill_ALaterDeadlineStays(t *testing.T) {
	is := is.New(t)
	d := newDesk(1, 12)
	limit := rosters.Limit{Max: 100}
	login := func(d *desk) string {
		d.clock.Advance(time.Minute)
		key, _, err := d.login(t, limit)
		is.NoErr(err)
		return key
	}
	login(d)
	oldest := login(d)
	login(d)
	login(d) // moves the first entry out
	longer := d.clock.Now().Add(absolute)
	moved := false
	d.store.On("ChangeRoster", func(c *cued.Call) error {
		if c.Change.Enter == oldest && !moved {
			moved = true
			other := d.behind()
			login(other)
			head, err := other.Head(t.Context(), list)
			is.NoErr(err)
			is.True(head.Entries[oldest].IsZero())
			longer = longer.Add(-2 * time.Minute).Add(time.Second) // still the oldest
			_, err = other.Extend(t.Context(), list, 0, rosters.Entry{Key: oldest, Deadline: longer})
			is.NoErr(err)
			login(other)
		}
		return c.Do()
	})
	login(d)
	is.True(moved)
	parts, err := d.behind().All(t.Context(), list)
	is.NoErr(err)
	latest := time.Time{}
	for _, part := range parts {
		if at := part.Entries[oldest]; at.After(latest) {
			latest = at
		}
	}
	is.Equal(latest, longer)
}

// Nor does it remove from the page an entry that another login has moved there, if a concurrent
// revocation ends all other sessions.
func TestSpill_WhatARevocationSparesStaysListed(t *testing.T) {
	is := is.New(t)
	d := newDesk(1, 12)
	login := func(d *desk) string {
		d.clock.Advance(time.Minute)
		key, _, err := d.login(t, rosters.Limit{Max: 100})
		is.NoErr(err)
		return key
	}
	login(d)
	oldest := login(d)
	login(d)
	login(d)
	moved := false
	d.store.On("ChangeRoster", func(c *cued.Call) error {
		if c.Change.Enter == oldest && !moved {
			moved = true
			login(d.behind())
			_, err := d.behind().Bump(t.Context(), list)
			is.NoErr(err)
		}
		return c.Do()
	})
	login(d)
	is.True(moved)
	d.wantListed(t, oldest)
}

// A session that this binary can read as little as its data keeps nobody out: where the limit
// refuses a login, it ends the session, and no other.
func TestLimit_EndsWhatItCannotRead(t *testing.T) {
	forSizes(t, func(t *testing.T, d *desk) {
		is := is.New(t)
		limit := rosters.Limit{Max: 2}
		var keys []string
		for range 2 {
			key, _, err := d.login(t, limit)
			is.NoErr(err)
			keys = append(keys, key)
			d.clock.Advance(time.Minute)
		}
		_, _, err := d.login(t, limit)
		wants.Err(t, err, rosters.ErrLimit) // both can be read
		d.Readable = func(_ context.Context, rec driver.Record) (bool, error) { return rec.Key != keys[1], nil }
		_, _, err = d.login(t, limit)
		is.NoErr(err)
		is.Equal(d.alive(t, keys[:1]), 1)
		is.Equal(d.alive(t, keys[1:]), 0)
	})
}

// A list knows when the first of its sessions may have idled out, so that the logins from then on
// look for what is dead.
func TestEnter_TheHeadKnowsWhenItMayBeStale(t *testing.T) {
	for name, limit := range map[string]rosters.Limit{"without a limit": {}, "with a limit": {Max: 9}} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			d := newDesk(4, 4)
			first := d.clock.Now()
			for range 3 {
				_, _, err := d.login(t, limit)
				is.NoErr(err)
				d.clock.Advance(time.Minute)
			}
			head, err := d.Head(t.Context(), list)
			is.NoErr(err)
			is.True(head.Stale.Equal(first.Add(idle)))
			l, err := d.Open(t.Context(), list)
			is.NoErr(err)
			soon := d.entry(d.key())
			soon.Stale = first.Add(idle / 2)
			_, err = l.Enter(t.Context(), soon, "", limit)
			is.NoErr(err)
			head, err = d.Head(t.Context(), list)
			is.NoErr(err)
			is.True(head.Stale.Equal(soon.Stale))
		})
	}
}

// However many entries an old list's head has, one login looks up at most 25 of them.
func TestPrune_OfAVeryLongHead(t *testing.T) {
	is := is.New(t)
	d := newLazyDesk(1, 4)
	for range 60 { // as a version without pages listed them
		key := d.key()
		is.NoErr(d.save(t, key))
		_, err := d.mem.ChangeRoster(t.Context(), driver.RosterChange{
			Key: list, Rev: rosters.Rev(), Enter: key, Deadline: d.clock.Now().Add(absolute), Stale: d.clock.Now().Add(idle),
			Expires: d.clock.Now().Add(absolute),
		})
		is.NoErr(err)
	}
	d.clock.Advance(2 * idle)
	looked, ended := 0, 0
	d.store.On("LoadAll", func(c *cued.Call) error { looked += len(c.Keys); return c.Do() })
	d.store.On("End", func(c *cued.Call) error { ended++; return c.Do() })
	d.must(t)
	is.Equal(looked, 25)
	is.Equal(ended, 25)
	_, _, err := d.login(t, rosters.Limit{Max: 9}) // counts the others
	is.NoErr(err)
	is.Equal(ended, 50)
}

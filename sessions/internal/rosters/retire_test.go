package rosters_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/internal/cued"
	"github.com/dynasession/dynasession/sessions/internal/rosters"
)

// stays signs in a session that doesn't idle out, and returns its key and its page.
func (d *desk) stays(t *testing.T) (key string, page int64) {
	t.Helper()
	is := is.New(t)
	l, err := d.Open(t.Context(), list)
	is.NoErr(err)
	key = d.key()
	page, err = l.Enter(t.Context(), d.entry(key), "", rosters.Limit{})
	is.NoErr(err)
	d.storeLong(t, key)
	return key, page
}

func (d *desk) storeLong(t *testing.T, key string) {
	t.Helper()
	now := d.clock.Now()
	is.New(t).NoErr(d.mem.Create(t.Context(), driver.Record{
		Key: key, Payload: codec.Opaque("json", []byte("1")), Rev: rosters.Rev(), Created: now, Accessed: now,
		IdleTimeout: absolute, AbsoluteTimeout: absolute,
	}))
}

// longList returns a list whose first page has sessions that stay, followed by many pages of
// sessions that nobody uses again.
func longList(t *testing.T, staying int) (d *desk, stay []string) {
	t.Helper()
	d = newLazyDesk(1, 4)
	d.must(t)
	for range staying {
		key, page := d.stays(t)
		is.New(t).Equal(page, int64(1))
		stay = append(stay, key)
	}
	for range 44 {
		d.must(t)
	}
	d.clock.Advance(2 * idle)
	return d, stay
}

func (d *desk) pages(t *testing.T) driver.Pages {
	t.Helper()
	head, err := d.behind().Head(t.Context(), list)
	is.New(t).NoErr(err)
	return head.Pages
}

// Sessions that stay don't keep the pages after them, however many there are in the first one.
func TestRetire_PastSessionsThatStay(t *testing.T) {
	for staying := range 5 {
		t.Run(fmt.Sprint(staying), func(t *testing.T) {
			is := is.New(t)
			d, stay := longList(t, staying)
			for range 120 {
				d.clock.Advance(time.Minute)
				d.must(t)
				d.wantListed(t, stay...)
			}
			pages := d.pages(t)
			is.True(pages.First > 1)
			is.True(pages.Last-pages.First < 30)
		})
	}
}

// Whatever happens to a session at any point while its entry is moved: it stays listed, so does the
// session that it is renewed to, and a revocation that raises the epoch finds it afterwards.
func TestRetire_ASessionIsListedWhileItIsMoved(t *testing.T) {
	type beside func(t *testing.T, d *desk, key string) (also string)
	for name, do := range map[string]beside{
		"revocation": func(t *testing.T, d *desk, key string) string {
			_, err := d.Bump(t.Context(), list)
			is.New(t).NoErr(err)
			if !d.listed(t)[key] {
				t.Error("a revocation doesn't see the session")
			}
			return key
		},
		"renewal": func(t *testing.T, d *desk, key string) string {
			is := is.New(t)
			next := d.key()
			page, err := d.Move(t.Context(), list, 1, d.entry(next))
			is.NoErr(err)
			d.storeLong(t, next)
			_, err = d.End(t.Context(), key, driver.Renewed, nil)
			is.NoErr(err)
			is.NoErr(d.Leave(t.Context(), list, page, key))
			return next
		},
		"longer": func(t *testing.T, d *desk, key string) string {
			is := is.New(t)
			_, err := d.Extend(t.Context(), list, 1, rosters.Entry{Key: key, Deadline: d.clock.Now().Add(100 * absolute), Stale: d.clock.Now().Add(idle)})
			is.NoErr(err)
			return key
		},
		"login": func(t *testing.T, d *desk, key string) string { return d.must(t) },
		"logins that open pages": func(t *testing.T, d *desk, key string) (also string) {
			for range 2 * d.PageSize {
				also = d.must(t)
			}
			return also
		},
	} {
		t.Run(name, func(t *testing.T) {
			moved := 0
			for n := 1; n < 100; n++ {
				came := false
				for _, after := range []bool{false, true} {
					d, stay := longList(t, 1)
					was := d.pages(t)
					other, also := d.behind(), ""
					at := new(bool)
					for range 8 { // until a page has been opened
						at = d.at(n, after, func() { also = do(t, other, stay[0]) })
						_, _, err := d.login(t, rosters.Limit{})
						d.store.Off()
						// Pruned: it begins again.
						if err != nil && name != "revocation" && !errors.Is(err, driver.ErrEnded) {
							t.Error(err)
						}
						if *at || d.pages(t).First > was.First {
							break
						}
					}
					came = came || *at
					for range 30 { // finishes what was left half done
						d.wantListed(t, stay[0], also)
						d.must(t)
					}
					if d.pages(t).First > was.First {
						moved++
					}
					if name == "longer" && *at {
						d.clock.Advance(absolute)
						if !d.deadline(t, stay[0]).After(d.clock.Now()) {
							t.Errorf("at %d, after %v: the later deadline is in no entry", n, after)
						}
					}
				}
				if !came {
					break
				}
			}
			if moved == 0 {
				t.Error("no page was ever retired: it was no test")
			}
		})
	}
}

// deadline returns the latest of a session's entries.
func (d *desk) deadline(t *testing.T, key string) (latest time.Time) {
	t.Helper()
	parts, err := d.behind().All(t.Context(), list)
	is.New(t).NoErr(err)
	for _, part := range parts {
		if at := part.Entries[key]; at.After(latest) {
			latest = at
		}
	}
	return latest
}

// Pages are read in any order. All still finds a session that was not yet in the last page when
// that was read, and no longer in the first when that was read.
func TestAll_WhileSessionsAreMoved(t *testing.T) {
	split := 0
	for staying := 1; staying <= 4; staying++ {
		for logins := range 24 {
			d, stay := longList(t, staying)
			other, reads := d.behind(), 0
			d.store.On("LoadRosters", func(c *cued.Call) error {
				err := c.Do() // it has the last page before the move
				if reads++; len(c.Keys) < 2 || reads > 6 {
					return err
				}
				for range logins {
					other.must(t)
				}
				later, err := d.mem.LoadRosters(t.Context(), c.Keys...)
				if copy(c.Rosters, later[:len(later)-1]); later[0].Pages != (driver.Pages{}) {
					split++
				}
				return err
			})
			parts, err := d.All(t.Context(), list)
			is.New(t).NoErr(err)
			found := rosters.Keys(parts)
			for i, key := range stay {
				if !slices.Contains(found, key) {
					t.Errorf("%d staying, %d logins: session %d is not found", staying, logins, i)
				}
			}
		}
	}
	is.New(t).True(split > 0)
}

// A login that moves an entry, and has read it earlier, doesn't overwrite a later deadline that the
// entry has got in the page.
func TestRetire_ALaterDeadlineStays(t *testing.T) {
	is := is.New(t)
	d, _ := longList(t, 4)
	opens := func(d *desk) { // logs in until a page has been opened
		for was := d.pages(t).Last; d.pages(t).Last == was; {
			d.must(t)
		}
	}
	first := rosters.PageKey(list, 1)
	opens(d.behind()) // moves half of the page's entries
	left, err := d.Head(t.Context(), first)
	is.NoErr(err)
	is.Equal(len(left.Entries), 2)
	key := rosters.Keys([]driver.Roster{left})[0]
	slow, reached, goOn := d.behind(), make(chan bool), make(chan bool)
	cue := cued.New(d.mem)
	slow.Store, slow.made = cue, slow.made+1000
	leavesFirst := func(c *cued.Call) bool { return c.Key == first && c.Change.Pages != nil }
	cue.On("ChangeRoster", func(c *cued.Call) error {
		if leavesFirst(c) {
			reached <- true
			<-goOn
		}
		return c.Do()
	})
	done := make(chan bool)
	go func() { // moves the entry, but is slow to remove it from the first page
		defer close(done)
		opens(slow)
	}()
	<-reached
	longer := d.clock.Now().Add(100 * absolute)
	moved := false
	d.store.On("ChangeRoster", func(c *cued.Call) error {
		if c.Change.Enter == key && !moved {
			moved = true
			close(goOn)
			<-done
			_, err = d.behind().Extend(t.Context(), list, 1, rosters.Entry{Key: key, Deadline: longer, Stale: longer})
			is.NoErr(err)
		}
		return c.Do()
	})
	opens(d)
	is.True(moved)
	is.True(d.deadline(t, key).Equal(longer))
}

// A session whose page was closed stays listed while it gets a later deadline or is renewed,
// whatever revocation comes in between.
func TestClosedPage_BesideARevocation(t *testing.T) {
	for _, renews := range []bool{false, true} {
		for n, more := 1, true; more; n++ {
			more = false
			for _, after := range []bool{false, true} {
				is := is.New(t)
				d, stay := longList(t, 1)
				for d.pages(t).First == 1 {
					d.must(t)
				}
				came := d.at(n, after, func() {
					_, err := d.behind().Bump(t.Context(), list)
					is.NoErr(err)
					d.store.On("any", func(c *cued.Call) error { // the revocation reads the list at any time from now on
						d.wantListed(t, stay[0])
						return c.Do()
					})
				})
				e := rosters.Entry{Key: stay[0], Deadline: d.clock.Now().Add(100 * absolute), Stale: d.clock.Now().Add(idle)}
				move := d.Extend
				if renews {
					e.Key, move = d.key(), d.Move
				}
				page, err := move(t.Context(), list, 1, e)
				d.store.Off()
				is.NoErr(err)
				d.wantListed(t, stay[0])
				part, err := d.Head(t.Context(), rosters.PageKey(list, page))
				is.NoErr(err)
				is.True(!part.Entries[e.Key].Before(e.Deadline)) // in the page that was returned
				more = more || *came
			}
		}
	}
}

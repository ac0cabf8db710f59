package rosters_test

import (
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/internal/cued"
	"github.com/dynasession/dynasession/sessions/internal/rosters"
)

// A list's head, which names its pages, stays as long as the sessions in the pages may live.
func TestEnter_TheHeadStaysAsLongAsAPage(t *testing.T) {
	is := is.New(t)
	d := newDesk(1, 4)
	enter := func(lives time.Duration) (key string, page int64) {
		l, err := d.Open(t.Context(), list)
		is.NoErr(err)
		key, now := d.key(), d.clock.Now()
		page, err = l.Enter(t.Context(), rosters.Entry{Key: key, Deadline: now.Add(lives), Stale: now.Add(lives)}, "", rosters.Limit{})
		is.NoErr(err)
		is.NoErr(d.mem.Create(t.Context(), driver.Record{
			Key: key, Payload: codec.Opaque("json", []byte("1")), Rev: rosters.Rev(), Created: now, Accessed: now,
			IdleTimeout: lives, AbsoluteTimeout: lives,
		}))
		return key, page
	}
	enter(2 * absolute)
	_, page := enter(absolute)
	is.Equal(page, int64(1))
	head, err := d.Head(t.Context(), list)
	is.NoErr(err)
	d.clock.Advance(head.Expires.Sub(d.clock.Now()) - time.Hour)
	last, page := enter(absolute)
	is.Equal(page, int64(1))
	d.clock.Advance(absolute - time.Hour)
	d.sweep(t)
	_, err = d.mem.Load(t.Context(), last)
	is.NoErr(err)
	d.wantListed(t, last)
}

// The head also stays when a session in a page gets a later deadline.
func TestExtend_TheHeadStaysAsLongAsAPage(t *testing.T) {
	is := is.New(t)
	d := newDesk(1, 4)
	d.must(t)
	l, err := d.Open(t.Context(), list)
	is.NoErr(err)
	key := d.key()
	page, err := l.Enter(t.Context(), d.entry(key), "", rosters.Limit{})
	is.NoErr(err)
	is.Equal(page, int64(1))
	_, err = d.Extend(t.Context(), list, page, rosters.Entry{Key: key, Deadline: d.clock.Now().Add(10 * absolute)})
	is.NoErr(err)
	d.wantListedLater(t, key)
}

// Also if another request has given it that deadline, and died before the head was prolonged.
func TestExtend_TheHeadStaysThoughTheEntryHasTheDeadline(t *testing.T) {
	is := is.New(t)
	d := newDesk(1, 4)
	d.must(t)
	key, page := d.stays(t)
	e := rosters.Entry{Key: key, Deadline: d.clock.Now().Add(10 * absolute)}
	d.store.On("ChangeRoster", func(c *cued.Call) error {
		if c.Key == list {
			return driver.ErrUnavailable
		}
		return c.Do()
	})
	_, err := d.Extend(t.Context(), list, page, e)
	wants.Err(t, err, driver.ErrUnavailable)
	d.store.Off()
	_, err = d.Extend(t.Context(), list, page, e)
	is.NoErr(err)
	d.wantListedLater(t, key)
}

// A renewal into a page prolongs the head only if the session gets a later deadline.
func TestMove_TheHeadStaysAsLongAsAPage(t *testing.T) {
	is := is.New(t)
	d := newDesk(1, 4)
	d.must(t)
	_, page := d.stays(t)
	is.Equal(page, int64(1))
	d.store.Took()
	_, err := d.Move(t.Context(), list, page, d.entry(d.key()))
	is.NoErr(err)
	is.Equal(d.store.Took(), []string{"ChangeRoster"})
	e := rosters.Entry{Key: d.key(), Deadline: d.clock.Now().Add(10 * absolute), Longer: true}
	_, err = d.Move(t.Context(), list, page, e)
	is.NoErr(err)
	d.wantListedLater(t, e.Key)
}

// wantListedLater checks that a session of a later deadline is still listed when the head would
// have been deleted if it were kept for the others only.
func (d *desk) wantListedLater(t *testing.T, key string) {
	t.Helper()
	is := is.New(t)
	is.Helper()
	d.clock.Advance(3 * absolute)
	d.sweep(t)
	is.True(d.listed(t)[key])
}

// sweep makes the store delete everything that has expired.
func (d *desk) sweep(t *testing.T) {
	t.Helper()
	for range 100 {
		is.New(t).NoErr(d.save(t, d.key()))
	}
}

// Logins into a page don't prolong the head one by one.
func TestEnter_TheHeadIsProlongedNowAndThen(t *testing.T) {
	is := is.New(t)
	d := newDesk(1, 12)
	d.must(t)
	d.must(t) // opens a page
	changes := 0
	d.store.On("ChangeRoster", func(c *cued.Call) error {
		if c.Key == list {
			changes++
		}
		return c.Do()
	})
	for range 10 {
		d.clock.Advance(time.Minute)
		d.must(t)
	}
	is.Equal(changes, 0)
}

package rosters_test

import (
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions/internal/rosters"
)

// A list's head, which names its pages, stays as long as the sessions in the pages may live.
func TestEnter_TheHeadStaysAsLongAsAPage(t *testing.T) {
	is := is.New(t)
	d := newDesk(1, 4)
	d.stays(t)
	d.stays(t) // opens a page
	d.clock.Advance(absolute - time.Hour)
	last, page := d.stays(t)
	is.Equal(page, int64(1))
	d.clock.Advance(3 * time.Hour)
	d.sweep(t)
	_, err := d.mem.Load(t.Context(), last)
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
	d.clock.Advance(absolute + 2*time.Hour)
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

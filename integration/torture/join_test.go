package torture_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions/driver"
)

// reluctant is a store that refuses every third Create, while it is on.
type reluctant struct {
	driver.Store
	on    *atomic.Bool
	calls *atomic.Int64
}

func (r reluctant) Create(ctx context.Context, rec driver.Record) error {
	if r.on.Load() && r.calls.Add(1)%3 == 1 {
		return driver.ErrUnavailable
	}
	return r.Store.Create(ctx, rec)
}

// If a device's first session can't be created, join uses a second one, which then gets the
// subject's revocations.
func TestJoin_AtTheSecondAttempt(t *testing.T) {
	is := is.New(t)
	on, calls := new(atomic.Bool), new(atomic.Int64)
	w := newWorld(t, 1, sabotage{store: func(s driver.Store) driver.Store { return reluctant{s, on, calls} }})
	on.Store(true)
	for i := range 8 {
		newWorker(w, i).join(t.Context(), w.slots[0])
	}
	on.Store(false)
	is.True(calls.Load() > 4)
	newWorker(w, 8).revoke(t.Context(), w.managers[0], w.slots[0])
	is.Equal(w.check(t), nil)
}

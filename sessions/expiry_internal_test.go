package sessions

import (
	"testing"
	"time"

	"github.com/matryer/is"
)

// Of the accesses within an interval one is recorded; a clock that was set back keeps nobody from
// recording one.
func TestTouches_OneInAnInterval(t *testing.T) {
	is := is.New(t)
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	touched := &touches{}
	is.True(touched.claim("a", now, time.Minute))
	is.True(!touched.claim("a", now, time.Minute)) // at the same moment
	is.True(!touched.claim("a", now.Add(time.Minute-1), time.Minute))
	is.True(touched.claim("b", now, time.Minute)) // another session
	is.True(touched.claim("a", now.Add(time.Minute), time.Minute))
	is.True(touched.claim("a", now, time.Minute)) // the clock was set back
	touched.release("a")
	is.True(touched.claim("a", now, time.Minute)) // it could not be recorded
}

// When nobody waits any more nothing is left of those who did, whatever their intervals were.
func TestWaits_LeaveNothing(t *testing.T) {
	is := is.New(t)
	w := &waits{}
	for every := time.Second; every < 10*time.Second; every += time.Second {
		a, b := &waiter{}, &waiter{}
		q := w.enter(a, every)
		is.True(w.enter(b, every) == q) // of one interval one leads
		w.leave(q, a, every)
		is.True(w.queues[every] == q) // another one waits
		w.leave(q, b, every)
	}
	is.Equal(len(w.queues), 0)
}

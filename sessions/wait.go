package sessions

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/event"
)

// minWait is the shortest interval of WaitEnd.
const minWait = time.Second

var (
	errWait    = errors.New("invalid interval")
	errUnsaved = errors.New("the session was never saved")
)

// WaitEnd blocks until the session has ended, by a logout elsewhere, a revocation, a limit or a
// timeout, and returns nil. Use it for streams and WebSockets, which must not outlive their
// session. If the session's ID was exchanged for another, the error is [ErrRenewed]. It records no
// access, so a stream doesn't keep a session alive. While the store is unavailable it keeps
// waiting. It checks once in every interval of length every, at least 1 s, and so returns at most
// that late.
//
// All WaitEnds of one Manager with the same interval share their reads: one store call reads a
// hundred sessions, and the calls are spread over the interval. The waiting goroutines make the
// calls; it starts no others. If ctx is done before, it returns the error of ctx.
func (m *Manager[T]) WaitEnd(ctx context.Context, s *Session[T], every time.Duration) error {
	handle := ""
	fail := func(err error) error { return &Error{Op: "wait end", Handle: handle, Err: err} }
	if isForeign(s) {
		return fail(errForeignSession)
	}
	handle = s.Handle()
	switch {
	case every < minWait:
		return fail(fmt.Errorf("%w: every is %v, must be at least %v", errWait, every, minWait))
	case s.gone:
		return nil
	case !s.stored:
		return fail(errUnsaved)
	}
	found, err := m.waits.wait(ctx, s.rec.Key, every, m.store.LoadAll, m.isOver)
	if err != nil {
		return fail(err)
	}
	_, o := m.observe(ctx, "wait end")
	e := eventOf(o, event.EndedID, s)
	var ended *driver.EndedError
	switch {
	case errors.Is(found.Err, ErrRenewed):
		return o.done(e, found.Err)
	case errors.As(found.Err, &ended):
		e.Reason = string(ended.Marker.Why)
	}
	return o.done(e, nil)
}

// isOver reports whether a session was found ended.
func (m *Manager[T]) isOver(ctx context.Context, found driver.Loaded) bool {
	if found.Err != nil {
		return errors.Is(found.Err, ErrNotFound) // a record that this binary can't read is not over
	}
	return errors.Is(m.judge(ctx, found.Record, m.now()), ErrNotFound)
}

// waits has the calls of WaitEnd under way, by their interval.
type waits struct {
	mu     sync.Mutex
	queues map[time.Duration]*waitQueue
}

// waitQueue has the waiters of one interval, the one that was checked longest ago first. One of
// them leads: it makes the store calls for all, and passes the lead on when it leaves.
type waitQueue struct {
	lead    chan struct{} // holds one token, which the leader has taken
	waiting []*waiter     // guarded by the lock of waits
	count   int           // including those whose call is under way
}

// waiter is one call of WaitEnd.
type waiter struct {
	key  string
	due  time.Time          // when to check its session next
	done chan driver.Loaded // receives the result that showed the session's end
	left bool               // its WaitEnd has returned
}

// wait waits until over is true of the result of load for key. All calls pass the same load and
// over: the leader's are called for all, with its context.
func (w *waits) wait(
	ctx context.Context, key string, every time.Duration,
	load func(context.Context, []string) ([]driver.Loaded, error), over func(context.Context, driver.Loaded) bool,
) (driver.Loaded, error) {
	one := &waiter{key: key, done: make(chan driver.Loaded, 1)}
	q := w.enter(one, every)
	defer w.leave(q, one, every)
	select {
	case found := <-one.done:
		return found, nil
	case <-ctx.Done():
		return driver.Loaded{}, ctx.Err()
	case <-q.lead:
	}
	defer func() { q.lead <- struct{}{} }()
	for {
		timer := time.NewTimer(w.untilDue(q, every))
		select {
		case found := <-one.done:
			timer.Stop()
			return found, nil
		case <-ctx.Done():
			timer.Stop()
			return driver.Loaded{}, ctx.Err()
		case <-timer.C:
		}
		w.look(ctx, q, every, load, over)
	}
}

// enter adds a waiter to the queue of its interval.
func (w *waits) enter(one *waiter, every time.Duration) *waitQueue {
	w.mu.Lock()
	defer w.mu.Unlock()
	q := w.queues[every]
	if q == nil {
		q = &waitQueue{lead: make(chan struct{}, 1)}
		q.lead <- struct{}{}
		if w.queues == nil {
			w.queues = map[time.Duration]*waitQueue{}
		}
		w.queues[every] = q
	}
	one.due = time.Now().Add(share(every))
	q.waiting = append(q.waiting, one)
	q.count++
	return q
}

// share returns the time between two checks of a session. It is a little less than the interval, so
// that neither a slow call nor a change of leader makes a check late.
func share(every time.Duration) time.Duration { return every - every/20 }

func (w *waits) leave(q *waitQueue, one *waiter, every time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	one.left = true
	if q.count--; q.count == 0 {
		delete(w.queues, every)
	}
}

// untilDue returns how long the leader waits before the next call. If the calls are spread evenly,
// no check is late, including the last of the queue.
func (w *waits) untilDue(q *waitQueue, every time.Duration) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := len(q.waiting)
	if n == 0 {
		return 0
	}
	before := time.Duration((n - 1) / driver.MaxBatch) // calls before the one for the last waiter
	last := q.waiting[n-1].due.Add(-before * (share(every) / (before + 1)))
	if first := q.waiting[0].due; first.Before(last) {
		last = first
	}
	return time.Until(last)
}

// look makes one call for the waiters that were checked longest ago, and puts those back whose
// session is alive.
func (w *waits) look(
	ctx context.Context, q *waitQueue, every time.Duration,
	load func(context.Context, []string) ([]driver.Loaded, error), over func(context.Context, driver.Loaded) bool,
) {
	batch, keys := w.take(q)
	rest := batch // even if load panics
	defer func() { w.putBack(q, rest, time.Now().Add(share(every)), ctx.Err() != nil) }()
	var loaded []driver.Loaded
	var err error
	if len(keys) > 0 {
		loaded, err = load(ctx, keys)
	}
	found := map[string]driver.Loaded{}
	for i := range loaded {
		found[keys[i]] = loaded[i]
	}
	if err != nil {
		return
	}
	rest = slices.DeleteFunc(slices.Clone(batch), func(one *waiter) bool {
		f, ok := found[one.key]
		ended := ok && over(ctx, f)
		if ended {
			one.done <- f
		}
		return ended
	})
}

// take removes as many waiters from the front of the queue as one call can check, and returns their
// keys, each once.
func (w *waits) take(q *waitQueue) (batch []*waiter, keys []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	seen := map[string]bool{}
	n := 0
	for _, one := range q.waiting {
		if !one.left && !seen[one.key] {
			if len(keys) == driver.MaxBatch {
				break
			}
			seen[one.key] = true
			keys = append(keys, one.key)
		}
		if !one.left {
			batch = append(batch, one)
		}
		n++
	}
	q.waiting = q.waiting[n:]
	return batch, keys
}

// putBack queues waiters again: at the end or, if the leader left before it could check them, where
// they were.
func (w *waits) putBack(q *waitQueue, rest []*waiter, due time.Time, leaves bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if leaves {
		q.waiting = append(rest, q.waiting...)
		return
	}
	for _, one := range rest {
		one.due = due
	}
	q.waiting = append(q.waiting, rest...)
}

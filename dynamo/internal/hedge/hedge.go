// Package hedge makes a second attempt at a late read while the first is still running.
package hedge

import (
	"context"
	"time"
)

// Soonest is the earliest time after which a read is made again: no read is late before.
const Soonest = time.Millisecond

// Hedger decides which reads are late and how many may be made again. It is safe for concurrent
// use.
type Hedger struct {
	after    time.Duration // 0: recent decides
	recent   *durations
	budget   budget
	definite func(error) bool
}

// New returns a Hedger. A read is late after the time after or, if that is 0, when it takes longer
// than percentile percent of the recent reads. share caps the additional calls, as a share of the
// reads. definite reports whether an error is the service's response.
func New(after time.Duration, percentile, share float64, definite func(error) bool) *Hedger {
	return &Hedger{after: after, recent: newDurations(percentile), budget: budget{share: share}, definite: definite}
}

// late returns how long a read may take before it is late, and whether that is known yet.
func (h *Hedger) late() (time.Duration, bool) {
	if h.after != 0 {
		return h.after, true
	}
	d, known := h.recent.percentile()
	return max(d, Soonest), known
}

// Read is a read that may be hedged.
type Read[O any] struct {
	First  func(context.Context) (O, error)
	Second func(context.Context) (O, error) // the same, with its own request
	// Whether an attempt of First has failed: it has retries, and is not hedged.
	Failed func() bool
	Hedged func() // called before Second
}

// Do makes r. First and Second each run in a goroutine, with a context that is done when Do
// returns. If one of them panics, Do panics with the same value.
func Do[O any](ctx context.Context, h *Hedger, r Read[O]) (O, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	calls := race[O]{ctx, make(chan answer[O], 2), h.definite}
	begun := time.Now()
	go calls.ask(r.First, true)
	a, answered := await(h, calls, r.Failed)
	if !answered {
		r.Hedged()
		go calls.ask(r.Second, false)
		a = calls.better()
	}
	if a.panicked != nil {
		panic(a.panicked) // as if this goroutine had made the call
	}
	if a.err == nil {
		h.recent.add(time.Since(begun))
	}
	return a.out, a.err
}

// await returns the first call's answer, unless it is late and may be made again.
func await[O any](h *Hedger, calls race[O], failed func() bool) (a answer[O], answered bool) {
	h.budget.earn()
	late, known := h.late()
	if !known {
		return calls.next(), true
	}
	timer := time.NewTimer(late)
	defer timer.Stop()
	select {
	case a := <-calls.answers:
		return a, true
	case <-timer.C:
	}
	select {
	case a := <-calls.answers: // both are ready, as after a pause of this process: the read isn't late
		return a, true
	default:
	}
	if calls.ctx.Err() != nil || failed() || !h.budget.spend() {
		return calls.next(), true
	}
	return answer[O]{}, false
}

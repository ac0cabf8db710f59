package torture_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/dynasession/dynasession/integration/torture"
	"github.com/dynasession/dynasession/sessions"
)

// worker is a visitor who makes requests without a pause, on random hosts and sessions.
type worker struct {
	*world
	name   string
	random *rand.Rand
	marks  int
	slow   *held // the session of a slow request
}

// held is a session that a request has loaded.
type held struct {
	*sessions.Session[ledger]
	slot *slot
	life *torture.Life
	num  int // the number of its ID
}

func newWorker(w *world, i int) *worker {
	return &worker{world: w, name: fmt.Sprint("w", i), random: rand.New(rand.NewPCG(w.seed, uint64(1000+i)))}
}

func (w *worker) work(ctx context.Context) {
	for !w.stop.Load() && ctx.Err() == nil {
		w.calm.RLock()
		w.request(ctx)
		w.calm.RUnlock()
	}
}

// request makes a request: on the session of a slot, on an earlier session or ID, or on a session
// that a slow request loaded long ago.
func (w *worker) request(ctx context.Context) {
	if w.random.IntN(20) == 0 { // the client will hang up
		hurried, cancel := context.WithTimeout(ctx, time.Duration(w.random.IntN(10))*time.Millisecond)
		defer cancel()
		ctx = hurried
	}
	at := w.slots[w.random.IntN(len(w.slots))]
	m := w.manager(at.app)
	dice := w.random.IntN(100)
	switch {
	case dice < 5 && w.slow != nil:
		h := w.slow
		w.slow = nil
		w.change(ctx, w.manager(h.slot.app), h)
		return
	case dice < 8:
		w.exhume(ctx)
		return
	case dice < 10:
		w.trespass(ctx, at)
		return
	case dice == 10 || dice == 11:
		w.join(ctx, at)
		return
	case dice == 12 && w.random.IntN(6) == 0:
		w.revoke(ctx, m, at)
		return
	case dice < 35:
		w.update(ctx, m, at)
		return
	}
	if dice < 45 {
		w.look(ctx, m, at)
		return
	}
	h := w.load(ctx, m, at)
	switch {
	case h == nil, dice < 50:
	case dice < 53:
		w.slow = h
	case dice < 85 && len(h.Data.Marks) < 60:
		w.save(ctx, m, h)
	case dice < 97 && len(h.Data.Marks) < 60:
		w.rename(ctx, m, h)
	default:
		w.destroy(ctx, m, h)
	}
}

// manager returns a random host of an application.
func (w *worker) manager(app int) *sessions.Manager[ledger] {
	return w.managers[app+2*w.random.IntN(len(w.managers)/2)]
}

// host returns the number of a host.
func (w *world) host(m *sessions.Manager[ledger]) int { return slices.Index(w.managers, m) }

// change makes a random change to a session.
func (w *worker) change(ctx context.Context, m *sessions.Manager[ledger], h *held) {
	switch w.random.IntN(4) {
	case 0:
		w.rename(ctx, m, h)
	case 1:
		w.destroy(ctx, m, h)
	default:
		w.save(ctx, m, h)
	}
}

// did makes calls and records them as an event. The function call returns the data that was seen,
// and the error.
func (w *worker) did(
	m *sessions.Manager[ledger], life *torture.Life, kind torture.Kind, num int, mark string, call func() ([]string, error),
) error {
	e := torture.Event{Kind: kind, Host: w.host(m), ID: num, Mark: mark, Begin: w.ticks.Add(1), Before: w.clock.Now()}
	seen, err := call()
	e.After, e.End = w.clock.Now(), w.ticks.Add(1)
	e.Outcome = outcome(err)
	if e.Outcome == torture.Done && kind != torture.Destroy && kind != torture.Trespass {
		e.Seen = life.Observe(seen)
	}
	life.Add(e)
	return err
}

// doubt is the error of repeated calls, of which one had an unknown outcome and the last failed.
type doubt struct{ error }

func (d doubt) Unwrap() error { return d.error }

func outcome(err error) torture.Outcome {
	var d doubt
	switch {
	case err == nil:
		return torture.Done
	case errors.As(err, &d), errors.Is(err, sessions.ErrOutcomeUnknown):
		return torture.Unknown
	case errors.Is(err, sessions.ErrExpired):
		return torture.Expired
	case errors.Is(err, sessions.ErrRenewed):
		return torture.Moved
	case errors.Is(err, sessions.ErrNotFound):
		return torture.Gone
	default:
		return torture.Failed
	}
}

// resolve repeats a call until its outcome is known. Once a call's outcome was unknown, only
// success makes it known.
func resolve(call func() error) error {
	err := call()
	if !errors.Is(err, sessions.ErrOutcomeUnknown) {
		return err
	}
	for range 1000 {
		err = call()
		if err == nil || !errors.Is(err, sessions.ErrUnavailable) {
			break
		}
	}
	if err != nil {
		return doubt{err}
	}
	return nil
}

// mark returns a new mark.
func (w *worker) mark() string {
	w.marks++
	return fmt.Sprint(w.name, "-", w.marks)
}

package sessions

import (
	"context"
	"errors"
	"time"
)

// watch is one operation of which an Observer wants to know.
type watch struct {
	observer Observer // nil: nobody does
	ctx      context.Context
	op       string
	begun    time.Time
	effort   *Effort
}

// watch begins an operation. The context is for its store calls.
func (m *Manager[T]) watch(ctx context.Context, op string) (context.Context, watch) {
	if m.observer == nil {
		return ctx, watch{op: op}
	}
	w := watch{observer: m.observer, op: op, begun: time.Now(), effort: &Effort{capacity: m.capacity}}
	w.ctx = begin(ctx, m.observer, op)
	return context.WithValue(w.ctx, effortKey{}, w.effort), w
}

// begin tells a Beginner. What goes wrong there is not the request's concern.
func begin(ctx context.Context, o Observer, op string) (out context.Context) {
	out = ctx
	b, ok := o.(Beginner)
	if !ok {
		return ctx
	}
	defer func() { _ = recover() }()
	if begun := b.Begin(ctx, op); begun != nil {
		out = begun
	}
	return out
}

// done ends it: with the event kind if err is nil, else with that of the error. It returns err as a caller gets it.
func (w watch) done(e Event, err error) error {
	if err != nil {
		err = failed(w.op, e.Handle, err)
	}
	if w.observer == nil {
		return err
	}
	if err != nil {
		e.Kind = kindOf(err)
	}
	w.tell(e, err)
	return err
}

var errGivenUp = errors.New("the application's function returned an error")

// givenUp ends an operation because a function of the application's wants so. What it says of that may hold anything, and is not repeated.
func (w watch) givenUp(e Event) {
	if w.observer != nil {
		e.Kind = EventFailed
		w.tell(e, errGivenUp)
	}
}

// tell completes an event and hands it over, after those that belong to it.
func (w watch) tell(e Event, err error) {
	e.Op, e.Err, e.Duration = w.op, err, time.Since(w.begun)
	e.Touched, e.Calls, e.Hedges = w.effort.touched, w.effort.calls, w.effort.hedges
	e.ReadUnits, e.WriteUnits = w.effort.reads, w.effort.writes
	also := e
	if w.effort.touched {
		also.Kind = EventTouched
		w.emit(also)
	}
	if w.effort.recovered {
		also.Kind = EventRecovered
		w.emit(also)
	}
	w.emit(e)
}

// emit hands an event over. What goes wrong there is not the request's concern.
func (w watch) emit(e Event) {
	defer func() { _ = recover() }()
	w.observer.Observe(w.ctx, e)
}

// kindOf returns what an error is as an event.
func kindOf(err error) EventKind {
	for _, k := range []struct {
		err  error
		kind EventKind
	}{
		{errAbsolute, EventExpiredAbsolute},
		{ErrExpired, EventExpiredIdle},
		{ErrInvalidID, EventInvalidID},
		{ErrNotFound, EventUnknownID},
		{ErrDecode, EventUndecodable},
		{ErrConflict, EventConflict},
		{ErrLimit, EventLimitReached},
		{ErrTooLarge, EventTooLarge},
		{ErrOutcomeUnknown, EventOutcomeUnknown},
		{ErrUnavailable, EventStoreFailed},
	} {
		if errors.Is(err, k.err) {
			return k.kind
		}
	}
	return EventFailed
}

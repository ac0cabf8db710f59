package sessions

import (
	"context"
	"errors"
	"time"

	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/event"
)

// operation is an operation of a Manager, as an observer sees it.
type operation struct {
	observer    event.Observer // nil: there is none
	application string
	ctx         context.Context
	name        string
	started     time.Time
	trace       *driver.Trace
}

// observe starts an operation. The context is for its store calls.
func (m *Manager[T]) observe(ctx context.Context, name string) (context.Context, operation) {
	if m.observer == nil {
		return ctx, operation{name: name}
	}
	o := operation{
		observer: m.observer, application: m.application, name: name, started: time.Now(), trace: &driver.Trace{Capacity: m.capacity},
	}
	o.ctx = start(ctx, m.observer, name)
	return driver.WithTrace(o.ctx, o.trace), o
}

// start calls a StartObserver. It recovers a panic, which must not affect the request.
func start(ctx context.Context, o event.Observer, name string) (out context.Context) {
	out = ctx
	s, ok := o.(event.StartObserver)
	if !ok {
		return ctx
	}
	defer func() { _ = recover() }()
	if started := s.Start(ctx, name); started != nil {
		out = started
	}
	return out
}

// done ends an operation with e, whose kind is that of err if err isn't nil. It returns err as the
// Manager's caller gets it.
func (o operation) done(e event.Event, err error) error {
	if err != nil {
		err = &Error{Op: o.name, Handle: e.Handle, Err: err}
	}
	if o.observer == nil {
		return err
	}
	if err != nil {
		e.Kind = kindOf(err)
		var ended *driver.EndedError
		if errors.As(err, &ended) && ended.Marker.Why != driver.Renewed {
			e.Reason = string(ended.Marker.Why)
		}
	}
	o.report(e, err)
	return err
}

var errGivenUp = errors.New("the application's function returned an error")

// givenUp ends an operation because the application's function returned an error. That error may
// contain anything, so the event leaves it out.
func (o operation) givenUp(e event.Event) {
	if o.observer != nil {
		e.Kind = event.Failed
		o.report(e, errGivenUp)
	}
}

// report completes an event and emits it, after the others of the same operation.
func (o operation) report(e event.Event, err error) {
	if e.Subject != "" && checkSubject(e.Subject) != nil {
		e.Subject = "" // nobody's; an exporter may refuse what is not UTF-8, or very long
	}
	e.Op, e.Application, e.Err, e.Duration = o.name, o.application, err, time.Since(o.started)
	e.Touched, e.Calls, e.Hedges = o.trace.WasTouched, o.trace.Calls, o.trace.Hedges
	e.ReadUnits, e.WriteUnits = o.trace.ReadUnits, o.trace.WriteUnits
	for _, also := range []struct {
		kind event.Kind
		was  bool
	}{
		{event.Touched, o.trace.WasTouched},
		{event.Recovered, o.trace.WasRecovered},
		{event.ClockSkewed, o.trace.ClockSkew != 0},
		{event.ConnectionDied, o.trace.DeadConnections > 0},
	} {
		if also.was {
			beside := e
			beside.Kind = also.kind
			switch also.kind {
			case event.ClockSkewed:
				beside.ClockSkew = o.trace.ClockSkew
			case event.ConnectionDied:
				beside.DeadConnections = o.trace.DeadConnections
			}
			o.emit(beside)
		}
	}
	o.emit(e)
}

// emit passes an event to the observer. It recovers a panic, which must not affect the request.
func (o operation) emit(e event.Event) {
	defer func() { _ = recover() }()
	o.observer.Observe(o.ctx, e)
}

// kindOf returns the event kind of an error.
func kindOf(err error) event.Kind {
	for _, k := range []struct {
		err  error
		kind event.Kind
	}{
		{errAbsolute, event.ExpiredAbsolute},
		{ErrExpired, event.ExpiredIdle},
		{ErrInvalidID, event.InvalidID},
		{ErrNotBound, event.NotBound},
		{ErrRenewed, event.RenewedID},
		{driver.ErrEnded, event.EndedID},
		{ErrNotFound, event.UnknownID},
		{ErrOutcomeUnknown, event.OutcomeUnknown},
		{ErrUnavailable, event.StoreFailed},
		{ErrDecode, event.Undecodable},
		{ErrConflict, event.Conflict},
		{ErrLimit, event.LimitReached},
		{ErrTooLarge, event.TooLarge},
	} {
		if errors.Is(err, k.err) {
			return k.kind
		}
	}
	return event.Failed
}

// eventOf returns an event about s, which may be nil or zero. The handle may take a hash, which is
// saved if there is neither an observer nor an error.
func eventOf[T any](o operation, kind event.Kind, s *Session[T]) event.Event {
	e := event.Event{Kind: kind}
	if o.observer == nil && kind != "" {
		return e
	}
	if !isForeign(s) {
		e.Handle, e.Subject = s.Handle(), s.rec.Subject
	}
	return e
}

// maxLoggedID is the longest text that is hashed for an error's handle: longer than any ID, and
// cheap to hash.
const maxLoggedID = 4096

// sentHandle returns the hash of the text that a client sent, for errors and events, even if the
// text is not an ID: it shows which of the client's attempts a log line is about.
func sentHandle(text string) string {
	if len(text) > maxLoggedID {
		return ""
	}
	return hash(text)
}

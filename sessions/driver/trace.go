package driver

import (
	"context"
	"time"
)

// Trace collects what a store does during one operation of a Manager, if there is an Observer; see
// [TraceFrom]. Its methods may be called on nil, by one goroutine at a time.
type Trace struct {
	// Capacity asks the store for the capacity that its calls consume.
	Capacity bool

	Calls                 int           // calls of the store
	Hedges                int           // reads that were late and were sent a second time
	ReadUnits, WriteUnits float64       // capacity, if it was asked for
	ClockSkew             time.Duration // how far this host's clock is ahead of the store's, if that should be reported
	DeadConnections       int           // connections that had died silently: calls over them got no response
	WasRecovered          bool          // a write was found to have been applied before, though its response was lost
	WasTouched            bool          // an access was recorded
}

type traceKey struct{}

// WithTrace returns a context whose store calls are noted in t.
func WithTrace(ctx context.Context, t *Trace) context.Context {
	return context.WithValue(ctx, traceKey{}, t)
}

// TraceFrom returns the Trace of the operation whose context is ctx; nil if there is none.
func TraceFrom(ctx context.Context) *Trace {
	t, _ := ctx.Value(traceKey{}).(*Trace)
	return t
}

// Called notes a call of the store.
func (t *Trace) Called() {
	if t != nil {
		t.Calls++
	}
}

// Touched notes that an access was recorded.
func (t *Trace) Touched() {
	if t != nil {
		t.WasTouched = true
	}
}

// Recovered notes that a write was found to have been applied by an earlier attempt, whose response
// was lost.
func (t *Trace) Recovered() {
	if t != nil {
		t.WasRecovered = true
	}
}

// Hedged notes that a read was late and was sent a second time.
func (t *Trace) Hedged() {
	if t != nil {
		t.Hedges++
	}
}

// WantsCapacity reports whether the store should call Consumed.
func (t *Trace) WantsCapacity() bool { return t != nil && t.Capacity }

// Consumed adds read and write units.
func (t *Trace) Consumed(reads, writes float64) {
	if t != nil {
		t.ReadUnits, t.WriteUnits = t.ReadUnits+reads, t.WriteUnits+writes
	}
}

// ConnectionsDied notes that n connections had died silently.
func (t *Trace) ConnectionsDied(n int) {
	if t != nil {
		t.DeadConnections += n
	}
}

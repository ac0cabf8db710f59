package sessions

import "context"

// Effort is what a store tells of its work on one operation, when somebody wants to know: see [EffortOf]. Its methods may be called on
// nil, and by one goroutine at a time.
type Effort struct {
	capacity      bool
	recovered     bool
	touched       bool
	hedges        int
	calls         int
	reads, writes float64
}

type effortKey struct{}

// EffortOf returns the Effort of the operation whose context is ctx; nil if nobody wants to know.
func EffortOf(ctx context.Context) *Effort {
	e, _ := ctx.Value(effortKey{}).(*Effort)
	return e
}

// Recovered notes that a write was recognised as one of an earlier attempt, whose answer was lost.
func (e *Effort) Recovered() {
	if e != nil {
		e.recovered = true
	}
}

// Hedged notes that a read was late and was asked again.
func (e *Effort) Hedged() {
	if e != nil {
		e.hedges++
	}
}

// WantsCapacity reports whether Consumed is wanted.
func (e *Effort) WantsCapacity() bool { return e != nil && e.capacity }

// Consumed adds read and write units.
func (e *Effort) Consumed(reads, writes float64) {
	if e != nil {
		e.reads, e.writes = e.reads+reads, e.writes+writes
	}
}

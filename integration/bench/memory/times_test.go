package memory_test

import (
	"slices"
	"time"

	"github.com/dynasession/dynasession/integration/bench"
)

// stall is the duration that no call should reach.
const stall = 5 * time.Millisecond

// times are the durations of calls, and the processor time of each.
type times struct{ took, worked []time.Duration }

// newTimes returns times with capacity for n calls, so that no measured call waits for a slice to
// grow.
func newTimes(n int) *times {
	return &times{make([]time.Duration, 0, n), make([]time.Duration, 0, n)}
}

// add measures a call. Its goroutine must be locked to its thread.
func (ts *times) add(call func() error) error {
	begun, before := time.Now(), worked()
	err := call()
	after := worked()
	ts.took, ts.worked = append(ts.took, time.Since(begun)), append(ts.worked, after-before)
	return err
}

func (ts *times) addAll(of *times) {
	ts.took, ts.worked = append(ts.took, of.took...), append(ts.worked, of.worked...)
}

// reading explains the columns.
const reading = "A call works while its thread runs, and waits for locks, for the garbage collector, and for its turn on a machine that " +
	"others use too. By its work alone a call can't keep others waiting for longer than that."

var columns = []string{"calls", "p50", "p99.99", "longest", "over 5 ms", "work: p99.99", "longest work", "work over 5 ms"}

func (ts *times) row(table *bench.Table, cells ...any) {
	over := func(of []time.Duration) (n int) {
		for _, d := range of {
			if d > stall {
				n++
			}
		}
		return n
	}
	table.Row(append(cells, len(ts.took), bench.Percentile(ts.took, 50), bench.Percentile(ts.took, 99.99), slices.Max(ts.took), over(ts.took),
		bench.Percentile(ts.worked, 99.99), slices.Max(ts.worked), over(ts.worked))...)
}

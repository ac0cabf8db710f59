package hedge

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// How many reads are remembered, how many are needed for a percentile, and after how many it is
// computed again.
const (
	remembered = 1000
	telling    = 100
	anew       = 50
)

// durations has the durations of the last reads. It is safe for concurrent use.
type durations struct {
	percent float64
	current atomic.Int64 // the percentile in nanoseconds; 0: not known yet

	mu   sync.Mutex
	ring [remembered]time.Duration
	n    int // how many are filled
	next int // where the next one goes
}

func newDurations(percent float64) *durations { return &durations{percent: percent} }

// percentile returns the duration that the given share of the last reads did not exceed, and
// whether there were enough reads.
func (d *durations) percentile() (time.Duration, bool) {
	p := d.current.Load()
	return time.Duration(p), p != 0
}

// add notes how long a read took.
func (d *durations) add(took time.Duration) {
	d.mu.Lock()
	d.ring[d.next] = max(took, 1)
	d.next = (d.next + 1) % remembered
	d.n = min(d.n+1, remembered)
	if d.n < telling || d.next%anew != 0 {
		d.mu.Unlock()
		return
	}
	sorted, n := d.ring, d.n // a copy, so that no reader waits while it is sorted
	d.mu.Unlock()
	slices.Sort(sorted[:n])
	d.current.Store(int64(sorted[int(d.percent/100*float64(n))]))
}

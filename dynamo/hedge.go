package dynamo

import (
	"fmt"
	"time"

	"github.com/dynasession/dynasession/dynamo/internal/hedge"
)

// Hedge configures a second attempt at a late read while the first is still running. The store
// takes the first response and cancels the other call. So a slow host or a lost packet delays a
// read only a little. Both reads are consistent unless the Config says otherwise. Writes are never
// hedged, nor are reads whose first attempt has failed, which are retried.
//
// The zero Hedge is ready to use: it learns at run time which reads are late. A second call is one
// attempt, without retries. The cancelled call costs a connection, which HTTP/1.1 can't reuse, and
// the capacity that it has consumed, which events don't include. It ends in its goroutine as soon
// as the client notices the cancelled context.
type Hedge struct {
	// After is how long a read may take before it is sent again: at least 1 ms, and less than
	// Config.Timeout. If many reads are this slow, MaxExtra may be spent when a much slower one
	// needs it. If it is zero, Percentile decides.
	After time.Duration

	// Percentile decides which reads are late if After is zero: with 97, those that take longer
	// than 97 % of the last thousand reads. A store's first hundred reads are not hedged. At least
	// 50 and below 100; the share of late reads, 100 minus Percentile, must not exceed MaxExtra.
	// Defaults to 97.
	Percentile float64

	// MaxExtra caps the additional calls, as a share of the reads so far. If more reads are late,
	// as in an outage, the rest are not sent again. An unused share accumulates, up to 100 calls.
	// More than 0, at most 1. Defaults to 0.05.
	MaxExtra float64
}

// The defaults of a [Hedge].
const (
	DefaultHedgePercentile = 97
	DefaultHedgeMaxExtra   = 0.05
)

// withDefaults returns h with each field set that has a default.
func (h Hedge) withDefaults() Hedge {
	if h.Percentile == 0 {
		h.Percentile = DefaultHedgePercentile
	}
	if h.MaxExtra == 0 {
		h.MaxExtra = DefaultHedgeMaxExtra
	}
	return h
}

// validate returns an error that names the field and the bound it breaks. The negated comparisons
// refuse NaN.
func (h Hedge) validate(timeout time.Duration) error {
	switch late := (100 - h.Percentile) / 100; {
	case h.After != 0 && (h.After < hedge.Soonest || h.After >= timeout):
		return fmt.Errorf("Config.Hedge.After is %v: must be at least %v, and shorter than Timeout, %v", h.After, hedge.Soonest, timeout)
	case !(h.Percentile >= 50 && h.Percentile < 100):
		return fmt.Errorf("Config.Hedge.Percentile is %v: must be at least 50 and below 100", h.Percentile)
	case !(h.MaxExtra > 0 && h.MaxExtra <= 1):
		return fmt.Errorf("Config.Hedge.MaxExtra is %v: must be more than 0 and at most 1", h.MaxExtra)
	case h.After == 0 && late > h.MaxExtra+1e-9:
		return fmt.Errorf("Config.Hedge.Percentile is %v: must be at least %v, or MaxExtra, %v, is spent on reads that are hardly late",
			h.Percentile, 100-100*h.MaxExtra, h.MaxExtra)
	}
	return nil
}

// newHedger returns what hedges the reads of a store, nil if nothing does.
func newHedger(h *Hedge) *hedge.Hedger {
	if h == nil {
		return nil
	}
	return hedge.New(h.After, h.Percentile, h.MaxExtra, definite)
}

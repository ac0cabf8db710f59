package dynamo

import (
	"fmt"
	"time"

	"github.com/dynasession/dynasession/dynamo/internal/hedge"
)

// Hedge makes a read that is late a second time, beside the first. The first answer counts, and the
// other call is cancelled. So a read that meets a slow host or a lost packet takes little longer
// than the others. Both are reads as the store makes them, consistent unless the Config says
// otherwise. Writes are never hedged, nor is a read of which an attempt has failed: it has its
// retries.
//
// The zero Hedge is ready to use: it learns at run time what late is. A second call is one attempt,
// without retries. The cancelled call costs its connection, which HTTP/1.1 can't use again, and the
// capacity that it has consumed, which events don't count. It runs on in a goroutine until it
// notices, which a client that heeds contexts does at once.
type Hedge struct {
	// After is how long a read may take before it is made again: at least 1 ms, and less than
	// Config.Timeout. If many reads are this slow, MaxExtra may be spent when a much slower one
	// needs it. Zero: Percentile decides.
	After time.Duration

	// Percentile decides which reads are late if After is zero: with 97, those that take longer
	// than 97 % of the last thousand. The first hundred reads of a store are not hedged. At least
	// 50 and below 100, and no larger a share of the reads may be late than MaxExtra lets be made
	// again. Defaults to 97.
	Percentile float64

	// MaxExtra bounds the additional calls, as a share of the reads made so far. If more reads are
	// late, as in an outage, the rest is not made again. What is not needed is saved up, for 100
	// calls at most. More than 0, at most 1. Defaults to 0.05.
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

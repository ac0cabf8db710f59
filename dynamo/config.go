package dynamo

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/dynasession/dynasession/dynamo/internal/hedge"
)

// The defaults of a [Config].
const (
	DefaultTable   = "app_session"
	DefaultTimeout = 2 * time.Second
)

// minTimeout is the shortest useful bound of a call: one round trip within a region, with room for
// a slow one.
const minTimeout = 10 * time.Millisecond

// Config sets up a [Store]. Every field may be left zero; a nil Config is the zero one.
type Config struct {
	// Table is the name of the table, or its ARN, which a table of another account requires. It
	// must be in the Region that the client calls. Defaults to "app_session".
	Table string

	// EventuallyConsistent halves the cost of reading sessions, but reads may miss the newest
	// writes: a session that was destroyed or renewed may still load for a moment. Off by default.
	EventuallyConsistent bool

	// Timeout bounds each call including its retries and the pauses between them; at least 10 ms.
	// Defaults to 2 seconds.
	Timeout time.Duration

	// Hedge sends late reads a second time; see [Hedge]. Defaults to nil: no read is hedged.
	Hedge *Hedge

	// Logger receives a warning if the table's TTL is off. A Store checks once, after its first
	// write, by a DescribeTimeToLive that may fail. Defaults to slog.Default().
	Logger *slog.Logger
}

// withDefaults returns c with each field set.
func (c *Config) withDefaults() Config {
	var out Config
	if c != nil {
		out = *c
	}
	if out.Table == "" {
		out.Table = DefaultTable
	}
	if out.Timeout == 0 {
		out.Timeout = DefaultTimeout
	}
	if out.Logger == nil {
		out.Logger = slog.Default()
	}
	if out.Hedge != nil {
		hedge := out.Hedge.withDefaults()
		out.Hedge = &hedge
	}
	return out
}

// validate returns an error that names the field and the bound it breaks.
func (c Config) validate() error {
	if err := checkTableName("Config.Table", c.Table); err != nil {
		return err
	}
	if err := checkTimeout("Config.Timeout", c.Timeout); err != nil {
		return err
	}
	if c.Hedge != nil {
		return c.Hedge.validate(c.Timeout)
	}
	return nil
}

func checkTimeout(field string, timeout time.Duration) error {
	if timeout < minTimeout {
		return fmt.Errorf("%s is %v: must be at least %v", field, timeout, minTimeout)
	}
	return nil
}

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

// newHedger returns a store's Hedger, nil if reads are not hedged.
func newHedger(h *Hedge) *hedge.Hedger {
	if h == nil {
		return nil
	}
	return hedge.New(h.After, h.Percentile, h.MaxExtra, definite)
}

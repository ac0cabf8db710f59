package dynamo

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// Hedge makes a read that is late be asked a second time, beside the first; the first answer counts, and the other call is cancelled. So a
// read that meets a slow host or a lost packet takes little longer than the others, for a few calls more. Both are reads as the store makes
// them, consistent unless the Config says otherwise. Writes are never hedged, nor is a read of which an attempt has failed: it has its retries.
//
// The zero Hedge is ready to use: it learns at run time what late is. A second call is one attempt, without retries. A call that is cancelled
// costs its connection, which HTTP/1.1 can't use again, and the capacity that it has consumed, of which
// [sessions.Event.ReadUnits] does not know. It goes on in a goroutine until it has noticed, which a client that heeds contexts does at once.
type Hedge struct {
	// After is how long a read may take before it is asked again, at least 1 ms, and shorter than Config.Timeout. Where many reads take
	// that long, those that are far later find MaxExtra spent. Zero: Percentile decides.
	After time.Duration

	// Percentile says which of the recent reads were late, where After is zero: with 97, those that took longer than 97 % of the last
	// thousand. The first hundred reads of a store are not hedged. At least 50, below 100, and so high that no larger share of the reads is late
	// than MaxExtra lets be asked again. Defaults to 97.
	Percentile float64

	// MaxExtra is how many calls more there may be, as a share of the reads that were made so far: where more are late than that, as in an
	// outage, no more are asked again. What is not needed is saved up, for a hundred at most. More than 0, at most 1. Defaults to 0.05.
	MaxExtra float64
}

// The defaults of a [Hedge].
const (
	DefaultHedgePercentile = 97
	DefaultHedgeMaxExtra   = 0.05
)

// soonest is when a read is asked again at the earliest: no network is so fast that it would be late by then.
const soonest = time.Millisecond

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

// validate returns an error that names the field and the bound it breaks. The negated comparisons refuse NaN.
func (h Hedge) validate(timeout time.Duration) error {
	switch late := (100 - h.Percentile) / 100; {
	case h.After != 0 && (h.After < soonest || h.After >= timeout):
		return fmt.Errorf("Config.Hedge.After is %v: must be at least %v, and shorter than Timeout, %v", h.After, soonest, timeout)
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

// hedger hedges the reads of a store. It is safe for concurrent use.
type hedger struct {
	after  time.Duration // 0: what recent says
	recent *durations
	budget budget
}

func newHedger(h *Hedge) *hedger {
	if h == nil {
		return nil
	}
	return &hedger{after: h.After, recent: newDurations(h.Percentile), budget: budget{share: h.MaxExtra}}
}

// late returns how long a read may take, and whether that is known.
func (h *hedger) late() (time.Duration, bool) {
	if h.after != 0 {
		return h.after, true
	}
	d, known := h.recent.percentile()
	return max(d, soonest), known
}

// getItem makes a call's read: as it is, or hedged.
func (s *Store) getItem(c *call, in *dynamodb.GetItemInput) (*dynamodb.GetItemOutput, error) {
	if s.hedger == nil {
		return s.api.GetItem(c.ctx, in, c.options)
	}
	ctx, cancel := context.WithCancel(c.ctx)
	defer cancel()
	second := *in // a request of its own, as an API of the application's may change it
	second.Key = maps.Clone(in.Key)
	r := race{ctx, make(chan answer, 2)}
	begun := time.Now()
	go r.ask(s.api, in, c.options, true)
	a, answered := s.hedger.await(r, c)
	if !answered {
		c.effort.Hedged()
		go r.ask(s.api, &second, s.once(), false)
		a = r.better()
	}
	if a.panicked != nil {
		panic(a.panicked) // as if the API had been called here
	}
	if a.err == nil {
		s.hedger.recent.add(time.Since(begun))
	}
	return a.out, a.err
}

// await returns the first call's answer, unless it is late and may be asked again.
func (h *hedger) await(r race, c *call) (a answer, answered bool) {
	h.budget.earn()
	late, known := h.late()
	if !known {
		return r.next(), true
	}
	timer := time.NewTimer(late)
	defer timer.Stop()
	select {
	case a := <-r.answers:
		return a, true
	case <-timer.C:
	}
	select {
	case a := <-r.answers: // both, as after a pause of this process: it isn't late
		return a, true
	default:
	}
	if r.ctx.Err() != nil || c.failed.Load() || !h.budget.spend() {
		return r.next(), true
	}
	return answer{}, false
}

// once returns the options of a second call: one attempt, as the first has the retries.
func (s *Store) once() func(*dynamodb.Options) {
	c := &call{Standard: s.policy, endpoints: s.endpoints}
	return func(o *dynamodb.Options) {
		c.options(o)
		o.Retryer = aws.NopRetryer{}
	}
}

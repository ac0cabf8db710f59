package dynamo

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/sessions/driver"
)

// Clock returns this host's clock, corrected by the Date header of the service's responses. So a
// host whose clock is wrong agrees with the others from its first response on. Differences below 2
// s are ignored, since the header has a resolution of one second. It is the host's own clock until
// the first response, and always if the store's API is not a client of the SDK.
//
// If the difference is above 5 s, an operation's [driver.Trace] says so once in ten minutes, and a
// Manager's observer receives it as an event.
func (s *Store) Clock() clock.Clock { return s.clock }

const (
	// negligible is the difference below which this host's clock counts as right.
	negligible = 2 * time.Second

	// tolerance is how far a response may lie from the known difference before it counts as a
	// contradiction.
	tolerance = time.Second

	// enough is how many responses in a row must show another difference before it is adopted,
	// unless this host's clock has jumped: one may be wrong, from a cache or a proxy.
	enough = 3

	// remarkable is the difference above which it is reported, at most once in reportEvery.
	remarkable  = 5 * time.Second
	reportEvery = 10 * time.Minute
)

// earliest is a time before every valid Date. A response with an earlier one is mangled.
var earliest = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

// serviceClock is this host's clock plus the difference that responses show. It is safe for
// concurrent use.
type serviceClock struct {
	read func() reading // this host's clocks

	difference atomic.Int64 // in nanoseconds: the service's time less this host's

	mu    sync.Mutex
	known bool   // a response has come since this host's clock has jumped
	date  string // the last Date
	// Wall less mono, at the last response: a jump of this host's clock changes it.
	ahead      time.Duration
	doubt      span          // shown by the last responses, if they contradict difference
	doubts     int           // how many responses those are
	nextReport time.Duration // by mono; 0: at once
}

func newServiceClock() *serviceClock {
	begun := time.Now()
	return &serviceClock{read: func() reading {
		now := time.Now()
		return reading{now.Round(0), now.Sub(begun)}
	}}
}

// Now implements [clock.Clock]. The time has no monotonic reading, since a difference of monotonic
// readings would miss a correction in between.
func (c *serviceClock) Now() time.Time {
	return c.read().wall.Add(time.Duration(c.difference.Load()))
}

// Correction implements [clock.Corrected].
func (c *serviceClock) Correction() time.Duration { return time.Duration(c.difference.Load()) }

// span is the difference that a response shows: between two durations.
type span struct{ from, to time.Duration }

func (s span) has(d time.Duration) bool {
	return s.from-tolerance <= d && d <= s.to+tolerance
}

func (s span) overlaps(o span) bool { return s.has(o.from) || s.has(o.to) || o.has(s.from) }

// middle returns the likeliest difference.
func (s span) middle() time.Duration {
	if s.from <= negligible && s.to >= -negligible {
		return 0
	}
	return s.from + (s.to-s.from)/2
}

// reading is the time on both clocks of this host.
type reading struct {
	wall time.Time     // this host's time
	mono time.Duration // monotonic: doesn't jump when the clock is set
}

// observe learns from the headers of a response that has just come, to a request that began at
// begun.
func (c *serviceClock) observe(answer *http.Response, begun reading) {
	date := first(answer.Header["Date"])
	if date == "" || !isServices(answer) || first(answer.Header["Age"]) != "" {
		return // no Date, a proxy's, or from a cache
	}
	now := c.read()
	c.mu.Lock()
	defer c.mu.Unlock()
	ahead := now.wall.Sub(earliest) - now.mono
	if jump := ahead - c.ahead; jump.Abs() > tolerance {
		c.known = false // this host's clock was set, or the host was asleep
	}
	if c.known && date == c.date {
		return // the same second again
	}
	sent, err := http.ParseTime(date)
	took := now.mono - begun.mono
	if err != nil || sent.Before(earliest) || (now.wall.Sub(begun.wall)-took).Abs() > tolerance {
		return // mangled, or this host's clock jumped in between
	}
	c.date, c.ahead = date, ahead
	// The response was made during the request, and within the second of its Date.
	shown := span{sent.Sub(now.wall), sent.Add(time.Second).Sub(now.wall.Add(-took))}
	switch difference := time.Duration(c.difference.Load()); {
	case !c.known:
		c.known, c.doubts = true, 0
		c.difference.Store(int64(shown.middle()))
	case shown.has(difference):
		c.doubts = 0
	case c.doubts > 0 && shown.overlaps(c.doubt):
		if c.doubts++; c.doubts >= enough {
			c.doubts = 0
			c.difference.Store(int64(shown.middle()))
		}
	default:
		c.doubt, c.doubts = shown, 1
	}
}

// isServices reports whether a response can be DynamoDB's, which answers 200 with JSON and refuses
// with 400. Others are a proxy's, whose clock may be wrong.
func isServices(answer *http.Response) bool {
	return (answer.StatusCode == http.StatusOK || answer.StatusCode == http.StatusBadRequest) &&
		!strings.HasPrefix(first(answer.Header["Content-Type"]), "text/")
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

// report notes in t by how much this host's clock is wrong, if that is above remarkable and wasn't
// reported within reportEvery.
func (c *serviceClock) report(t *driver.Trace) {
	difference := time.Duration(c.difference.Load())
	if t == nil || difference.Abs() <= remarkable {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.read().mono; now >= c.nextReport {
		c.nextReport = now + reportEvery
		t.ClockSkew = -difference
	}
}

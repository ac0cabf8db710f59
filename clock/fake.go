package clock

import (
	"sync"
	"time"
)

// Fake is a [Clock] that stands still until Advance or Set moves it. It is safe for concurrent use.
// Make one with [NewFake]; the zero Fake stands at the zero time.
type Fake struct {
	mu  sync.RWMutex
	now time.Time
}

// NewFake returns a clock that stands at start.
func NewFake(start time.Time) *Fake { return &Fake{now: start} }

// Now returns the time that the clock was set to.
func (f *Fake) Now() time.Time {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.now
}

// Advance moves the clock by d, backwards if d is negative.
func (f *Fake) Advance(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = f.now.Add(d)
}

// Set sets the clock to t, which may be earlier than its current time.
func (f *Fake) Set(t time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = t
}

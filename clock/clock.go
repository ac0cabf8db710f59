// Package clock provides the time, so that tests can set it.
//
// Code reads the time from a [Clock]: [System] in a service, a [Fake] in a test. With a Fake, a
// test of a two-hour idle timeout advances the clock by one call instead of sleeping.
package clock

import "time"

// A Clock returns the current time. It is safe for concurrent use.
type Clock interface {
	// Now returns the current time.
	Now() time.Time
}

// System returns the clock of the machine, [time.Now].
func System() Clock { return system{} }

type system struct{}

func (system) Now() time.Time { return time.Now() }

// Corrected is a [Clock] that compensates for the error of this host's clock. A store may provide
// one: it compares the host's clock with the time in the service's responses.
type Corrected interface {
	Clock

	// Correction returns how far Now is ahead of this host's clock; negative if it is behind.
	Correction() time.Duration
}

// Package clock provides the time, so that tests can set it.
//
// Code reads the time from a [Clock]: [System] in a service, a [Fake] in a test, where an idle
// timeout of two hours passes in one call and nothing has to sleep.
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

// Corrected is a [Clock] that corrects this host's clock by a better one. A store may have such a
// clock: it learns from the service's first responses how far this host's clock is off.
type Corrected interface {
	Clock

	// Correction returns the time that Now returns less the time of this host's clock.
	Correction() time.Duration
}

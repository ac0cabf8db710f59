// Package clock tells the time to code whose tests need to set it.
//
// Production code asks a [Clock] for the time; it gets [System] in a service and a [Fake] in a
// test, where an idle timeout of two hours passes in one call and nothing has to sleep.
package clock

import "time"

// A Clock tells the present moment. It is safe for concurrent use.
type Clock interface {
	// Now returns the present moment.
	Now() time.Time
}

// System returns the clock of the machine, [time.Now].
func System() Clock { return system{} }

type system struct{}

func (system) Now() time.Time { return time.Now() }

// Corrected is a [Clock] that puts this host's clock right by a better one. A store may have such a
// clock, whose first answers show by how much this host's is wrong.
type Corrected interface {
	Clock

	// Correction returns the time that Now returns less the time of this host's clock.
	Correction() time.Duration
}

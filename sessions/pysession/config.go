package pysession

import (
	"time"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/sessions"
)

// Options are the settings of a service that uses dynamodb-session-web, with the same defaults.
type Options struct {
	// Bytes is the number of random bytes in an ID. Defaults to 32.
	Bytes int

	// Keys are the secrets that sign IDs, from the oldest to the newest: sid_keys. Defaults to
	// none: IDs are not signed.
	Keys []string

	// IdleTimeout and AbsoluteTimeout are the timeouts of new sessions. Default to 2 and 12 hours.
	IdleTimeout, AbsoluteTimeout time.Duration

	// Migrate gives new sessions IDs of this module's own form, stored under hashed keys, which
	// Python can't read. IDs that Python has made are still accepted.
	Migrate bool

	// Clock tells the time. Defaults to the system's.
	Clock clock.Clock
}

// migratedBytes is how long new IDs are after a migration. They differ from Python's in
// length.
const migratedBytes = 32

// Config returns the Config of a Manager that reads and writes the sessions of
// dynamodb-session-web. T is the Go type for the JSON of Python's data class; for its default, a
// dict, use map[string]any. You may change the Config before you use it.
func Config[T any](o Options) *sessions.Config[T] {
	if o.Bytes == 0 {
		o.Bytes = 32
	}
	ids := IDs(o.Bytes, o.Keys...)
	if o.Migrate {
		fresh := migratedBytes
		if len(o.Keys) == 0 && o.Bytes == fresh {
			fresh++
		}
		ids = sessions.MigrateIDs(sessions.RandomIDs(fresh), ids)
	}
	return &sessions.Config[T]{
		Codec: codec.JSON[T]{}, IDs: ids, IdleTimeout: o.IdleTimeout, AbsoluteTimeout: o.AbsoluteTimeout, Clock: o.Clock,
	}
}

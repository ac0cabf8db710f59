package pysession

import (
	"time"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/sessions"
)

// Options are what a service that uses dynamodb-session-web has set, by the same defaults.
type Options struct {
	// Bytes is how many random bytes an ID has. Defaults to 32.
	Bytes int

	// Keys are the secrets that IDs are signed with, from the oldest to the newest: sid_keys.
	// Defaults to none: IDs are not signed.
	Keys []string

	// IdleTimeout and AbsoluteTimeout are those of new sessions. Default to 2 and 12 hours.
	IdleTimeout, AbsoluteTimeout time.Duration

	// Migrate makes new IDs this module's own, under hashed keys, which Python can't read, and
	// still takes those that Python has made.
	Migrate bool

	// Clock tells the time. Defaults to the system's.
	Clock clock.Clock
}

// migratedBytes is how long new IDs are after a migration. They are told from Python's by their
// length.
const migratedBytes = 32

// Config returns the Config of a Manager that reads and writes what dynamodb-session-web does. T is
// what its data class serialises to JSON; for its default, a dict, it is map[string]any. The Config
// may be changed before it is used.
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

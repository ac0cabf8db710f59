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

	// Keys are the secrets that sign IDs, sid_keys: the last one signs, all verify. To rotate them
	// while several hosts run, first deploy the new one in front of the others, then move it to the
	// end. Defaults to none: IDs are not signed.
	Keys []string

	// IdleTimeout and AbsoluteTimeout are the timeouts of new sessions. Default to 2 and 12 hours.
	IdleTimeout, AbsoluteTimeout time.Duration

	// AcceptMigrated accepts the IDs that a host with Migrate has issued. Deploy it first, so that
	// no host takes the user of such an ID for a visitor while Migrate is being deployed.
	AcceptMigrated bool

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
	fresh := migratedBytes
	if len(o.Keys) == 0 && o.Bytes == fresh {
		fresh++
	}
	switch {
	case o.Migrate:
		ids = sessions.MigrateIDs(sessions.RandomIDs(fresh), ids)
	case o.AcceptMigrated:
		ids = sessions.AcceptIDs(ids, sessions.RandomIDs(fresh))
	}
	return &sessions.Config[T]{
		Codec: codec.JSON[T]{}, IDs: ids, IdleTimeout: o.IdleTimeout, AbsoluteTimeout: o.AbsoluteTimeout, Clock: o.Clock,
	}
}

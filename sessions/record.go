package sessions

import (
	"time"

	"github.com/dynasession/dynasession/codec"
)

// Record is a session as a [Store] keeps it: plain values and an encoded payload. It knows nothing of the type of the
// session's data, and holds the key, never the ID.
type Record struct {
	Key     string        // the [IDScheme]'s key: the ID's hash
	Payload codec.Payload // the session's data, encoded
	Rev     string        // names the last logical write; "" in a record of a writer that knows no revisions
	Subject string        // whose session it is; "" while nobody has signed in
	Device  Device        // where it was begun, if the application has noted it

	// Created and Accessed are in UTC, to the microsecond.
	Created  time.Time
	Accessed time.Time

	// IdleTimeout and AbsoluteTimeout are the session's own, in whole seconds.
	IdleTimeout     time.Duration
	AbsoluteTimeout time.Duration
}

// ExpiresAt returns the moment from which the session is dead: the earlier of Created plus AbsoluteTimeout and Accessed
// plus IdleTimeout, both counted from the whole second. It is a whole second itself, in UTC.
func (r Record) ExpiresAt() time.Time {
	absolute := r.Created.Unix() + int64(r.AbsoluteTimeout/time.Second)
	idle := r.Accessed.Unix() + int64(r.IdleTimeout/time.Second)
	return time.Unix(min(absolute, idle), 0).UTC()
}

// over returns the ErrExpired that tells by which deadline the session is dead at now; nil if it is alive.
func (r Record) over(now time.Time) error {
	switch {
	case !r.expired(now):
		return nil
	case !r.deadline().After(now):
		return errAbsolute
	default:
		return ErrExpired
	}
}

// deadline returns Created plus AbsoluteTimeout, as ExpiresAt counts it.
func (r Record) deadline() time.Time {
	return time.Unix(r.Created.Unix()+int64(r.AbsoluteTimeout/time.Second), 0).UTC()
}

// expired reports whether the session is dead at now: alive in the last second before ExpiresAt, dead from it on.
func (r Record) expired(now time.Time) bool { return !r.ExpiresAt().After(now) }

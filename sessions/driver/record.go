package driver

import (
	"time"

	"github.com/dynasession/dynasession/codec"
)

// Record is a session as a [Store] keeps it: plain values and an encoded payload. It knows nothing
// of the type of the session's data, and holds the key, never the ID.
type Record struct {
	Key         string        // names the session in the store: the hash of its ID
	Payload     codec.Payload // the session's data, encoded
	Rev         string        // names the last write of data; "" in a record of a writer that knows no revisions
	Subject     string        // whose session it is; "" while nobody has signed in
	Application string        // which of several applications on one table it belongs to; "" if they don't tell
	Federated   string        // the identity provider's session that it comes from; "" if it comes from none
	Device      Device        // where it was begun, if the application has noted it
	Persist     bool          // the user has asked to stay signed in

	// Binding is what binds the session to a device, opaque; nil if nothing does. Create stores it,
	// Bind changes what follows its first FixedBinding bytes, and a Replace leaves it as it is
	// stored.
	Binding []byte

	// Page and FederatedPage are the pages of the subject's roster and of the federated session's
	// roster that list the session; 0 is the roster itself. A Manager keeps them.
	Page, FederatedPage int64

	// Created and Accessed are in UTC, to the microsecond.
	Created, Accessed time.Time

	// IdleTimeout and AbsoluteTimeout are the session's own, in whole seconds.
	IdleTimeout, AbsoluteTimeout time.Duration
}

// FixedBinding is how many bytes of a Binding never change, so that encrypted data can be bound to
// them.
const FixedBinding = 33

// Device is what an application may note of where a session was begun, so that its user recognises
// it in a list of sessions. Both texts together have at most 256 bytes of UTF-8.
type Device struct {
	Name string // such as "Firefox on Linux"
	IP   string // as the application knows it: behind a proxy, RemoteAddr is the proxy's
}

// ExpiresAt returns the moment from which the session is dead unless it is accessed before: the
// earlier of Deadline and Accessed plus IdleTimeout, counted from the whole second. It is a whole
// second itself, in UTC.
func (r Record) ExpiresAt() time.Time {
	absolute := r.Created.Unix() + int64(r.AbsoluteTimeout/time.Second)
	idle := r.Accessed.Unix() + int64(r.IdleTimeout/time.Second)
	return time.Unix(min(absolute, idle), 0).UTC()
}

// Deadline returns the moment from which the session is dead, however busy it is: Created plus
// AbsoluteTimeout, as ExpiresAt counts it.
func (r Record) Deadline() time.Time {
	return time.Unix(r.Created.Unix()+int64(r.AbsoluteTimeout/time.Second), 0).UTC()
}

// Marker stands in the place of a record whose session has ended, so that nothing that arrives late
// brings the session back: see [Store.End]. It holds none of the session's data.
type Marker struct {
	Why   Reason
	Next  string    // the key under which a session that was Renewed goes on
	Rev   string    // names the write that left it; never empty
	At    time.Time // when the session ended, in UTC, to the microsecond
	Until time.Time // the whole second from which the store may sweep the marker
}

// Reason is why a session has ended.
type Reason string

// The reasons.
const (
	Destroyed Reason = "destroyed" // by a logout
	Renewed   Reason = "renewed"   // its ID was exchanged for another, under which it goes on
	Revoked   Reason = "revoked"   // with others of its subject, or by its handle
	Evicted   Reason = "evicted"   // to make room for another session of its subject
	Abandoned Reason = "abandoned" // it had idled out, or its login was never completed
)

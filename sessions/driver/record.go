package driver

import (
	"time"

	"github.com/dynasession/dynasession/codec"
)

// Record is a session as a [Store] keeps it: plain values and an encoded payload. It doesn't depend
// on the type of the session's data, and holds the key, never the ID.
type Record struct {
	Key         string        // identifies the session in the store: the hash of its ID
	Payload     codec.Payload // the session's data, encoded
	Rev         string        // identifies the last write of data; "" if the writer doesn't set revisions, as Python doesn't
	Subject     string        // the user; "" until someone signs in
	Application string        // which of several applications on one table it belongs to; "" if the Manager has none
	Federated   string        // the identity provider's session that it comes from; "" if none
	Device      Device        // where it was started, if the application has set it
	Persist     bool          // the user chose to stay signed in

	// Binding binds the session to a device; opaque to the store; nil if it isn't bound. Create
	// stores it, Bind changes what follows its first FixedBinding bytes, and Replace keeps the
	// stored one.
	Binding []byte

	// Page and FederatedPage are the pages of the subject's roster and of the federated session's
	// roster that list the session; 0 is the roster itself. The Manager maintains them.
	Page, FederatedPage int64

	// Created and Accessed are in UTC, to the microsecond.
	Created, Accessed time.Time

	// IdleTimeout and AbsoluteTimeout are the session's own, in whole seconds.
	IdleTimeout, AbsoluteTimeout time.Duration
}

// FixedBinding is how many bytes of a Binding never change, so that encrypted data can be bound to
// them.
const FixedBinding = 33

// Device describes where a session was started, so that its user recognises it in a list of
// sessions. The application sets it. Both texts together have at most 256 bytes of UTF-8.
type Device struct {
	Name string // such as "Firefox on Linux"
	IP   string // as the application knows it: behind a proxy, RemoteAddr is the proxy's
}

// ExpiresAt returns the time at which the session expires unless it is accessed before: the earlier
// of Deadline and Accessed plus IdleTimeout, with Accessed truncated to the second. It is a whole
// second itself, in UTC.
func (r Record) ExpiresAt() time.Time {
	absolute := r.Created.Unix() + int64(r.AbsoluteTimeout/time.Second)
	idle := r.Accessed.Unix() + int64(r.IdleTimeout/time.Second)
	return time.Unix(min(absolute, idle), 0).UTC()
}

// Deadline returns the time at which the session expires even if it is in use: Created, truncated
// to the second, plus AbsoluteTimeout.
func (r Record) Deadline() time.Time {
	return time.Unix(r.Created.Unix()+int64(r.AbsoluteTimeout/time.Second), 0).UTC()
}

// Marker replaces the record of a session that has ended, so that a late write can't bring the
// session back: see [Store.End]. It has none of the session's data.
type Marker struct {
	Why   Reason
	Next  string    // the new key of a session that was Renewed
	Rev   string    // identifies the write that stored it; never empty
	At    time.Time // when the session ended, in UTC, to the microsecond
	Until time.Time // the whole second from which the store may sweep the marker
}

// Reason is why a session has ended.
type Reason string

// The reasons why a session has ended.
const (
	Destroyed Reason = "destroyed" // by a logout
	Renewed   Reason = "renewed"   // its ID was exchanged for another, under which it is alive
	Revoked   Reason = "revoked"   // by its handle, or with all sessions of its subject
	Evicted   Reason = "evicted"   // to make room for another session of its subject
	Abandoned Reason = "abandoned" // it had idled out, or its login was never completed
)

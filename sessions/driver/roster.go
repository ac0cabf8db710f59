package driver

import "time"

// Roster lists the sessions of a subject, beside the records. A long list has further rosters as
// pages; which there are, the first one says in Pages. A [Manager] composes them: for a store, each
// is a roster of its own.
//
// [Manager]: https://pkg.go.dev/github.com/dynasession/dynasession/sessions#Manager
type Roster struct {
	Key string // of the roster: never a record's
	Rev string // names its last change; "": there is no roster of this key

	// Epoch counts how often all sessions of the subject were revoked at once.
	Epoch int64

	// Entries are the keys of sessions, each with the session's absolute deadline, to the second.
	Entries map[string]time.Time

	// Pages says which pages there are besides.
	Pages Pages

	// Closed reports whether a change has closed the roster: it takes no entries any more.
	Closed bool

	// Stale is when one of the entries may have idled out, to the second; zero if nobody has said.
	Stale time.Time

	// Expires is when the store may sweep the roster, to the second.
	Expires time.Time
}

// Pages are the numbers of a roster's pages: from First to Last, both included. There are none if
// Last is less than First.
type Pages struct{ First, Last int64 }

// RosterChange changes a roster in one step. It creates the roster if there is none, unless all it
// does is to Leave. Whether it is refused depends on the roster as it was before.
type RosterChange struct {
	Key string
	Rev string // what the roster has afterwards, if anything has changed; never empty

	// The change is refused with [ErrRoster] unless the roster has the Epoch, the Rev and the Pages
	// that are given here; nil demands nothing. A roster that isn't there has Epoch 0, Rev "" and
	// no Pages.
	IfEpoch *int64
	IfRev   *string
	IfPages *Pages

	// Enter is the key of a session that the roster lists afterwards, with its absolute Deadline;
	// "": none. If the key is listed already, it gets the deadline.
	Enter    string
	Deadline time.Time

	// Most, if it is more than 0, refuses with [ErrFull] to Enter what is not listed yet into a
	// roster that has as many entries.
	Most int

	// Leave has keys that the roster doesn't list afterwards, whether or not it did. Enter is not
	// among them.
	Leave []string

	// Bump adds one to Epoch.
	Bump bool

	// Pages replaces the roster's Pages; nil leaves them.
	Pages *Pages

	// Close is refused with [ErrRoster] unless the roster is empty. Afterwards every Enter is
	// refused with [ErrFull]. A change does not both Close and Enter.
	Close bool

	// Stale replaces the roster's Stale; zero leaves it.
	Stale time.Time

	// Expires is when the store may sweep the roster, unless it says a later moment already; zero
	// leaves it.
	Expires time.Time
}

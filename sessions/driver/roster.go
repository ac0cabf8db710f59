package driver

import "time"

// Roster lists the sessions of a subject; it is stored in addition to the records. A long list has
// further rosters as pages; Pages of the first one says which. A [Manager] combines them: to a
// store, each is a separate roster.
//
// [Manager]: https://pkg.go.dev/github.com/dynasession/dynasession/sessions#Manager
type Roster struct {
	Key string // of the roster; never a record's key
	Rev string // identifies its last change; "" if there is no such roster

	// Epoch counts how often all sessions of the subject were revoked at once.
	Epoch int64

	// Entries are the keys of sessions, each with the session's absolute deadline, to the second.
	Entries map[string]time.Time

	// Pages says which pages the list has.
	Pages Pages

	// Closed reports whether a change has closed the roster, which then accepts no entries.
	Closed bool

	// Stale is when the first of the entries may have idled out, to the second; zero if unknown.
	Stale time.Time

	// Expires is when the store may sweep the roster, to the second.
	Expires time.Time
}

// Pages is the range of a roster's page numbers, First to Last inclusive. There are none if Last is
// less than First.
type Pages struct{ First, Last int64 }

// RosterChange changes a roster in one step. It creates the roster if there is none, unless it only
// Leaves. Its conditions are checked against the roster as it was before.
type RosterChange struct {
	Key string
	Rev string // the roster's new Rev if it changes; never empty

	// The change is refused with [ErrRoster] unless the roster has the Epoch, the Rev and the Pages
	// given here; nil is no condition. A roster that doesn't exist has Epoch 0, Rev "" and no
	// Pages.
	IfEpoch *int64
	IfRev   *string
	IfPages *Pages

	// Enter is the key of a session to list in the roster, with its absolute Deadline; "": none. If
	// the key is listed already, its deadline is replaced.
	Enter    string
	Deadline time.Time

	// If Most is more than 0, a change that would Enter a new key into a roster of that many
	// entries is refused with [ErrFull].
	Most int

	// Leave has at most MaxLeave keys to remove from the roster, whether or not it lists them.
	// Leave must not contain Enter.
	Leave []string

	// Bump adds one to Epoch.
	Bump bool

	// Pages replaces the roster's Pages; nil keeps them.
	Pages *Pages

	// Close is refused with [ErrRoster] unless the roster is empty. Afterwards every Enter is
	// refused with [ErrFull]. A change does not both Close and Enter.
	Close bool

	// Stale replaces the roster's Stale; zero keeps it.
	Stale time.Time

	// Expires is when the store may sweep the roster; zero, or a time before the stored one, is
	// ignored.
	Expires time.Time
}

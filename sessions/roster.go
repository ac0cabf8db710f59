package sessions

import (
	"context"
	"crypto/sha512"
	"encoding/hex"
	"time"
)

// Roster is the list of a subject's sessions, as a [SubjectStore] keeps it beside the records.
type Roster struct {
	Key string // of the roster: never a record's
	Rev string // names its last write; "": there is no roster
	// Epoch counts how often all sessions of the subject were revoked at once.
	Epoch int64
	// Entries are the keys of the subject's sessions, each with the session's absolute deadline, to the second. Every session
	// that is alive is among them; some may be that are not alive any more.
	Entries map[string]time.Time
	// Expires is when the store may sweep the roster, to the second: not before the last deadline of its entries.
	Expires time.Time
}

// SubjectStore is a [Store] that keeps rosters too, and writes records and rosters in one step. The stores of this module do. What a
// [Manager] needs it for it says itself.
type SubjectStore interface {
	Store

	// LoadRoster returns the roster of key. If there is none, it has its Key and nothing else, and that is no error. It is strongly
	// consistent, as Load is.
	LoadRoster(ctx context.Context, key string) (Roster, error)

	// Transact does all of t, or, if an error other than ErrOutcomeUnknown is returned, nothing of it; no other call sees a part of it.
	// The error is [ErrExists] if a record of Create's key is there, [ErrNotFound] if one that is to be removed, and has a Rev given, is
	// not, [ErrConflict] if its Rev is another, and [ErrRoster] if a roster's Rev is not as it must be. A transaction that is repeated with
	// the same Token, because the first answer was lost, is a success and changes nothing more.
	Transact(ctx context.Context, t Transaction) error
}

// Transaction is what happens to several records and rosters in one step: at most 100 in all.
type Transaction struct {
	Token   string   // names it; never empty
	Create  *Record  // stored, if there is none of its key
	Replace *Replace // stored in the place of one
	Remove  []Remove
	Rosters []RosterChange
}

// Replace is a [Store.Replace] that is part of a transaction.
type Replace struct {
	Record Record
	Rev    string
}

// Remove removes a record: that of Key, provided that Conditional is false, or that it is there and its Rev is Rev.
type Remove struct {
	Key         string
	Conditional bool
	Rev         string
}

// RosterChange changes a roster. One that is not there comes into being.
type RosterChange struct {
	Key string
	Rev string // what it has afterwards; never empty

	// Conditional makes the change happen only if the roster's Rev is If; "" means that there is none.
	Conditional bool
	If          string

	Enter map[string]time.Time // entries that it has afterwards
	Leave []string             // entries that it has not
	Bump  bool                 // one is added to its Epoch

	// Expires is when it may be swept, if the change is Conditional, or if the roster is new.
	Expires time.Time
}

// rosterKey returns the key of a subject's roster. No session's key has a colon, and the subject's name can't be read from it.
func rosterKey(subject string) string {
	sum := sha512.Sum512([]byte(subject))
	return "subject:" + hex.EncodeToString(sum[:])
}

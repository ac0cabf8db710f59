// Package torture records what many requests do to a few sessions at the same time, and checks the record: whether there is any
// order of things in which the answers that they got are right.
package torture

import "time"

// Kind is what an event was.
type Kind uint8

// The kinds.
const (
	Create Kind = iota
	Load
	Save
	Update
	Renew
	Authenticate
	Destroy
	Revoke   // of all sessions of the subject
	Trespass // another application asked for the session, or tried to end it
	Peek     // a look that may be from the host's memory, as old as Life.PeekFor says
	kinds
)

var kindNames = [kinds]string{"create", "load", "save", "update", "renew", "authenticate", "destroy", "revoke", "trespass", "peek"}

// String returns the kind's name.
func (k Kind) String() string { return kindNames[k] }

// Outcome is how an event ended.
type Outcome uint8

// The outcomes.
const (
	Done    Outcome = iota
	Gone            // there is no such session
	Moved           // there is none, since its ID was exchanged for another
	Expired         // there is no such session any more, since its time has passed
	Failed          // nothing was changed
	Unknown         // it may have been done, and may not
	outcomes
)

var outcomeNames = [outcomes]string{"done", "gone", "moved", "expired", "failed", "unknown"}

// String returns the outcome's name.
func (o Outcome) String() string { return outcomeNames[o] }

// Event is something that a request did, from the call to the answer; calls that only repeat one whose outcome was unknown belong
// to it.
type Event struct {
	Kind    Kind
	Outcome Outcome

	// Begin and End order events in real time: one that ended before another began has the lower numbers.
	Begin, End int64

	// Before and After are what the clock of the managers showed then.
	Before, After time.Time

	Host int    // which of the hosts was asked
	ID   int    // which of the session's IDs was asked for, by its number
	Mark string // what it added to the session's data; "" if nothing
	Seen int    // if Done: how many marks the data had
}

// maybe reports whether the event may have changed what is stored.
func (e Event) maybe() bool { return e.Outcome == Done || e.Outcome == Unknown }

// isGone reports whether the session was not there.
func (e Event) isGone() bool { return e.Outcome == Gone || e.Outcome == Moved }

// renames reports whether the event takes an ID away from the session.
func (e Event) renames() bool { return e.Kind == Renew || e.Kind == Authenticate }

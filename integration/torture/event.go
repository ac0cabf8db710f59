// Package torture records what many concurrent requests do to a few sessions. It checks whether the
// responses are possible, that is, whether some order of the events explains them.
package torture

import "time"

// Kind is the kind of an event.
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
	Revoke   // of all the subject's sessions
	Trespass // an attempt by another application to load or end the session
	Peek     // may return what the host read up to Life.PeekFor ago
	kinds
)

var kindNames = [kinds]string{"create", "load", "save", "update", "renew", "authenticate", "destroy", "revoke", "trespass", "peek"}

// String returns the kind's name.
func (k Kind) String() string { return kindNames[k] }

// Outcome is the result of an event.
type Outcome uint8

// The outcomes.
const (
	Done    Outcome = iota
	Gone            // there is no such session
	Moved           // there is no such session: its ID was exchanged
	Expired         // there is no such session: it has expired
	Failed          // nothing was changed
	Unknown         // it may or may not have been done
	outcomes
)

var outcomeNames = [outcomes]string{"done", "gone", "moved", "expired", "failed", "unknown"}

// String returns the outcome's name.
func (o Outcome) String() string { return outcomeNames[o] }

// Event is an operation of a request, from the call to the return. Retries of a call with an
// unknown outcome belong to the same event.
type Event struct {
	Kind    Kind
	Outcome Outcome

	// Begin and End are ticks. They order events in real time.
	Begin, End int64

	// Before and After are the times of the Managers' clock at Begin and End.
	Before, After time.Time

	Host int    // the number of the host
	ID   int    // the number of the session's ID in the request
	Mark string // the text added to the session's data; may be ""
	Seen int    // if Done: the number of marks in the data
}

// maybe reports whether the event may have changed the session.
func (e Event) maybe() bool { return e.Outcome == Done || e.Outcome == Unknown }

// isGone reports whether the event found no session.
func (e Event) isGone() bool { return e.Outcome == Gone || e.Outcome == Moved }

// renames reports whether the event gives the session a new ID.
func (e Event) renames() bool { return e.Kind == Renew || e.Kind == Authenticate }

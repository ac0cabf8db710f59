package sessions

import (
	"context"
	"time"
)

// Observer is told what happens to sessions: for logs ([LogObserver]), metrics (package otelsessions), alarms. It is called when an operation
// has ended, in the goroutine of its caller: what it takes long for belongs into a goroutine of its own. It must be safe for concurrent
// use. If it panics the event is lost, and the request goes on.
//
// Each operation ends with one event. Before that there may be an [EventTouched] and an [EventRecovered] of the same operation.
type Observer interface {
	Observe(ctx context.Context, e Event)
}

// Beginner is an [Observer] that is told of an operation's begin too. The context that it returns is that of the store's calls, and of
// Observe: so a span that is begun here has the AWS SDK's below it.
type Beginner interface {
	Observer
	Begin(ctx context.Context, op string) context.Context
}

// Event is something that has happened to a session. It holds neither ID nor data.
type Event struct {
	Kind EventKind

	// Op is the operation that it ends, as [Error.Op] names it.
	Op string

	// Handle is the session's, or, where a client has sent what is no session's ID, the hash of what it has sent; empty where
	// no single session is meant.
	Handle string

	// Subject is whose session it is, as far as that is known.
	Subject string

	// Duration is how long the operation took, by the system's clock.
	Duration time.Duration

	// Err is why it failed, nil if it didn't.
	Err error

	// Ended is how many sessions RevokeAll has ended.
	Ended int

	// Calls is how many calls the operation made of the store. Attempts that the store repeated by itself are not counted.
	Calls int

	// Touched tells of an [EventLoaded] that the access was recorded; without it, that was not due.
	Touched bool

	// Hedges is how many reads were late and were asked a second time, as package dynamo does if its Config says so.
	Hedges int

	// ReadUnits and WriteUnits are the capacity that DynamoDB says it consumed, if Config.ObserveCapacity asks for it.
	ReadUnits, WriteUnits float64
}

// EventKind is what has happened. The comments give the name in OWASP's Logging Vocabulary, where it has one.
type EventKind string

// The kinds of events.
const (
	EventCreated         EventKind = "created"            // session_created
	EventLoaded          EventKind = "loaded"             //
	EventTouched         EventKind = "touched"            // its access was recorded; beside EventLoaded
	EventUnchanged       EventKind = "unchanged"          // it was saved, and had not changed: nothing was written
	EventListed          EventKind = "listed"             // a subject's sessions were
	EventSaved           EventKind = "saved"              // it has changed and is stored
	EventRenewed         EventKind = "renewed"            // session_renewed
	EventAuthenticated   EventKind = "authenticated"      // authn_login_success, session_created
	EventDestroyed       EventKind = "destroyed"          // session_logout
	EventRevoked         EventKind = "revoked"            // session_expired, reason revoked; one, or all of a subject, or everybody's
	EventExpiredIdle     EventKind = "expired (idle)"     // session_use_after_expire
	EventExpiredAbsolute EventKind = "expired (absolute)" // session_use_after_expire
	EventUnknownID       EventKind = "unknown ID"         // session_use_after_expire, or a guess: of the right form, and nobody's
	EventInvalidID       EventKind = "invalid ID"         // malformed, or signed by a foreign key: malicious_extraneous
	EventUndecodable     EventKind = "undecodable"        //
	EventConflict        EventKind = "conflict"           // another request has changed it meanwhile
	EventRecovered       EventKind = "recovered"          // a write whose answer was lost was recognised; beside the other event
	EventOutcomeUnknown  EventKind = "outcome unknown"    //
	EventLimitReached    EventKind = "limit reached"      // excess_sessions_exceeded
	EventTooLarge        EventKind = "too large"          //
	EventStoreFailed     EventKind = "store failed"       // sys_...: the store is out of reach
	EventFailed          EventKind = "failed"             // for any other reason, the caller's mistake
)

// Package event has the events of a sessions.Manager: set Config.Observer to receive an [Event] for
// each operation.
//
//	m, err := sessions.New(store, &sessions.Config[Cart]{Observer: event.Log(slog.Default())})
//
// [Log] writes events to a logger, package otelsessions records them as OpenTelemetry spans and
// metrics, and [Multi] passes them on to several observers.
package event

import (
	"context"
	"time"
)

// Observer receives events, for logs, metrics and alarms. Observe is called at the end of an
// operation, in the caller's goroutine: do slow work in another goroutine. It must be safe for
// concurrent use. If it panics, the event is lost and the request continues.
//
// Each operation ends with one event. Before that there may be a [Touched], a [Recovered], a
// [ClockSkewed] and a [ConnectionDied] of the same operation.
type Observer interface {
	Observe(ctx context.Context, e Event)
}

// StartObserver is an [Observer] that is also called when an operation starts. The store's calls
// and Observe get the context that Start returns, so a span that Start begins is the parent of the
// AWS SDK's spans.
type StartObserver interface {
	Observer
	Start(ctx context.Context, op string) context.Context
}

// Event describes an operation on a session. It contains neither ID nor data.
type Event struct {
	Kind Kind

	// Op is the operation, by the names that sessions.Error uses.
	Op string

	// Handle is the session's handle. If the client sent something that is not a session ID, it is
	// the hash of that text. It is empty if the operation is not about one session.
	Handle string

	// Subject is the session's user, if known.
	Subject string

	// Application is the Manager's Config.Application.
	Application string

	// Reason of an [EndedID] says why the session had ended: "destroyed", "revoked", "evicted" or
	// "abandoned".
	Reason string

	// Duration is how long the operation took, by the system's clock.
	Duration time.Duration

	// Err is the operation's error; nil if it succeeded.
	Err error

	// Ended is how many sessions a revocation ended, or a login ended to make room.
	Ended int

	// Calls is how many calls of the store the operation made: 0 for a Peek that was answered from
	// memory (Config.PeekFor). The store's own retries are not counted.
	Calls int

	// Touched reports whether a [Loaded] operation recorded the access.
	Touched bool

	// Hedges is how many late reads were sent a second time, which package dynamo does if so
	// configured.
	Hedges int

	// ReadUnits and WriteUnits are the capacity that the operation consumed, as DynamoDB reports
	// it, if Config.ObserveCapacity is set.
	ReadUnits, WriteUnits float64

	// ClockSkew of a [ClockSkewed] is how far this host's clock is ahead of the store's.
	ClockSkew time.Duration

	// DeadConnections of a [ConnectionDied] is the number of dead connections.
	DeadConnections int
}

// Kind is the kind of an event. The comments give the event's name in OWASP's Logging Vocabulary,
// if it has one.
type Kind string

// The kinds of events, one per line.
const (
	Created         Kind = "created"            // session_created
	Loaded          Kind = "loaded"             //
	Touched         Kind = "touched"            // its access was recorded; sent in addition to Loaded
	Unchanged       Kind = "unchanged"          // it was saved without a change: nothing was written
	Listed          Kind = "listed"             // a subject's sessions were listed
	Saved           Kind = "saved"              // its changes were stored
	Renewed         Kind = "renewed"            // session_renewed
	Authenticated   Kind = "authenticated"      // authn_login_success, session_created
	Bound           Kind = "bound"              // it was bound to a device
	NotBound        Kind = "not bound"          // a bound session's ID came without the device's proof: perhaps a stolen cookie
	Destroyed       Kind = "destroyed"          // session_logout
	Revoked         Kind = "revoked"            // session_expired, reason revoked; one session, all of a subject, or all
	ExpiredIdle     Kind = "expired (idle)"     // session_use_after_expire
	ExpiredAbsolute Kind = "expired (absolute)" // session_use_after_expire
	UnknownID       Kind = "unknown ID"         // session_use_after_expire, or a guess: well-formed, but unknown
	RenewedID       Kind = "renewed ID"         // session_use_after_expire: exchanged for another a moment ago
	EndedID         Kind = "ended ID"           // session_use_after_expire: ended a moment ago, see Event.Reason
	InvalidID       Kind = "invalid ID"         // malicious_extraneous: malformed, or signed with another key
	Undecodable     Kind = "undecodable"        //
	Conflict        Kind = "conflict"           // another request has changed it since it was loaded
	Recovered       Kind = "recovered"          // a write whose response was lost was found to be applied; sent in addition to the operation's event
	OutcomeUnknown  Kind = "outcome unknown"    //
	LimitReached    Kind = "limit reached"      // excess_sessions_exceeded
	TooLarge        Kind = "too large"          //
	StoreFailed     Kind = "store failed"       // sys_...: the store is out of reach
	ClockSkewed     Kind = "clock skewed"       // this host's clock differs from the store's; sent in addition to the operation's event
	ConnectionDied  Kind = "connection died"    // connections died silently and delayed a call; the idle ones were closed; sent in addition to the operation's event
	Failed          Kind = "failed"             // it failed for another reason, a mistake of the caller
)

// Multi returns an Observer that passes each event on to all of the given observers. If one panics,
// the others still get the event. StartObservers nest: each starts in the context of the one before
// it, and the last one observes the event first. Nil observers are ignored.
func Multi(observers ...Observer) Observer {
	var all multi
	for _, o := range observers {
		if o != nil {
			all = append(all, o)
		}
	}
	return all
}

type multi []Observer

// contexts are those that the StartObservers among a multi have returned, by their position.
type contexts []context.Context

// startedKey finds the contexts of a multi in the one that its Start returned.
type startedKey struct{ first *Observer }

func (m multi) key() startedKey {
	if len(m) == 0 {
		return startedKey{}
	}
	return startedKey{&m[0]}
}

func (m multi) Start(ctx context.Context, op string) context.Context {
	started := make(contexts, len(m))
	for i, o := range m {
		if s, ok := o.(StartObserver); ok {
			ctx = start(ctx, s, op)
		}
		started[i] = ctx
	}
	if len(m) == 0 {
		return ctx
	}
	return context.WithValue(ctx, m.key(), started)
}

// start calls s.Start; if it panics or returns nil the context stays as it was.
func start(ctx context.Context, s StartObserver, op string) (out context.Context) {
	out = ctx
	defer func() { _ = recover() }()
	if started := s.Start(ctx, op); started != nil {
		out = started
	}
	return out
}

func (m multi) Observe(ctx context.Context, e Event) {
	started, _ := ctx.Value(m.key()).(contexts)
	for i := len(m) - 1; i >= 0; i-- {
		own := ctx
		if started != nil {
			own = started[i]
		}
		observe(own, m[i], e)
	}
}

// observe calls o, whatever it does.
func observe(ctx context.Context, o Observer, e Event) {
	defer func() { _ = recover() }()
	o.Observe(ctx, e)
}

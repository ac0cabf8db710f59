// Package event has what a Manager reports of its sessions: set Config.Observer to receive an
// [Event] for each operation.
//
//	m, err := sessions.New(store, &sessions.Config[Cart]{Observer: event.Log(slog.Default())})
//
// [Log] writes events to a logger, package otelsessions makes OpenTelemetry's spans and metrics of
// them, and [Multi] passes them on to several observers.
package event

import (
	"context"
	"time"
)

// Observer receives events, for logs, metrics and alarms. It is called when an operation has ended,
// in the goroutine of its caller: do slow work in another goroutine. It must be safe for concurrent
// use. If it panics the event is lost and the request goes on.
//
// Each operation ends with one event. Before that there may be a [Touched], a [Recovered], a
// [ClockSkewed] and a [ConnectionDied] of the same operation.
type Observer interface {
	Observe(ctx context.Context, e Event)
}

// StartObserver is an [Observer] that is also called when an operation starts. The context that
// Start returns is that of the store's calls and of Observe: so a span that is started here has
// those of the AWS SDK below it.
type StartObserver interface {
	Observer
	Start(ctx context.Context, op string) context.Context
}

// Event is something that has happened to a session. It holds neither ID nor data.
type Event struct {
	Kind Kind

	// Op is the operation that it ends, as sessions.Error names it.
	Op string

	// Handle is the session's handle. If the client sent something that is not a session ID, it is
	// the hash of that. It is empty for operations that are not about one session.
	Handle string

	// Subject is whose session it is, as far as that is known.
	Subject string

	// Application is the Manager's Config.Application.
	Application string

	// Reason says of an [EndedID] why the session has ended: "destroyed", "revoked", "evicted" or
	// "abandoned".
	Reason string

	// Duration is how long the operation took, by the system's clock.
	Duration time.Duration

	// Err is why it failed; nil if it did not.
	Err error

	// Ended is how many sessions a revocation has ended, or a login to make room.
	Ended int

	// Calls is how many calls of the store the operation made: 0 for a Peek that was answered from
	// memory (Config.PeekFor). Attempts that the store repeated by itself are not counted.
	Calls int

	// Touched says of a [Loaded] that the access was recorded; otherwise that was not due.
	Touched bool

	// Hedges is how many reads were late and were sent a second time, as package dynamo does if its
	// Config says so.
	Hedges int

	// ReadUnits and WriteUnits are the capacity that DynamoDB says it consumed, if
	// Config.ObserveCapacity asks for it.
	ReadUnits, WriteUnits float64

	// ClockSkew says of a [ClockSkewed] by how much this host's clock is ahead of the store's.
	ClockSkew time.Duration

	// DeadConnections says of a [ConnectionDied] how many connections had.
	DeadConnections int
}

// Kind is what has happened. The comments give the name in OWASP's Logging Vocabulary, where it has
// one.
type Kind string

// The kinds of events.
const (
	Created         Kind = "created"            // session_created
	Loaded          Kind = "loaded"             //
	Touched         Kind = "touched"            // its access was recorded; beside Loaded
	Unchanged       Kind = "unchanged"          // it was saved and had not changed: nothing was written
	Listed          Kind = "listed"             // a subject's sessions were
	Saved           Kind = "saved"              // it has changed and is stored
	Renewed         Kind = "renewed"            // session_renewed
	Authenticated   Kind = "authenticated"      // authn_login_success, session_created
	Bound           Kind = "bound"              // it was bound to a device
	NotBound        Kind = "not bound"          // a bound session's ID came without the device's proof: perhaps a stolen cookie
	Destroyed       Kind = "destroyed"          // session_logout
	Revoked         Kind = "revoked"            // session_expired, reason revoked; one, or all of a subject, or everybody's
	ExpiredIdle     Kind = "expired (idle)"     // session_use_after_expire
	ExpiredAbsolute Kind = "expired (absolute)" // session_use_after_expire
	UnknownID       Kind = "unknown ID"         // session_use_after_expire, or a guess: of the right form, and nobody's
	RenewedID       Kind = "renewed ID"         // session_use_after_expire: exchanged for another a moment ago
	EndedID         Kind = "ended ID"           // session_use_after_expire: ended a moment ago, see Event.Reason
	InvalidID       Kind = "invalid ID"         // malformed, or signed by a foreign key: malicious_extraneous
	Undecodable     Kind = "undecodable"        //
	Conflict        Kind = "conflict"           // another request has changed it since it was loaded
	Recovered       Kind = "recovered"          // a write whose answer was lost was recognised; beside the other event
	OutcomeUnknown  Kind = "outcome unknown"    //
	LimitReached    Kind = "limit reached"      // excess_sessions_exceeded
	TooLarge        Kind = "too large"          //
	StoreFailed     Kind = "store failed"       // sys_...: the store is out of reach
	ClockSkewed     Kind = "clock skewed"       // this host's clock differs from the store's; beside the other event
	ConnectionDied  Kind = "connection died"    // without a word, so that a call was slow; the idle ones are closed; beside the other event
	Failed          Kind = "failed"             // for any other reason, the caller's mistake
)

// Multi returns an Observer that passes each event on to all of the given observers. One that
// panics doesn't keep an event from the others. StartObservers among them nest: each starts within
// the context of the one before it, and the last of them observes the event first. A nil observer
// is left out.
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

// Package otelsessions records an OpenTelemetry span and metrics for each operation of a Manager.
//
//	o, err := otelsessions.New(nil) // the global providers
//	m, err := sessions.New(store, &sessions.Config[Cart]{Observer: o})
//
// # Spans
//
// One for each operation, named "session load" and so on, of kind internal, with the attributes
//
//	session.id          the session's handle, with which nobody can sign in: never its ID
//	enduser.id          its subject, if it has one
//	session.outcome     the event that it ended with, such as "loaded" or "expired (idle)"
//	session.store.calls how many calls it made of the store
//	session.store.hedges how many reads were late and were sent again, if any
//	error.type          of an operation that failed: the same as the outcome
//
// The AWS SDK's spans are its children, if the client has a tracer: with smithyoteltracing.Adapt as
// dynamodb.Options.TracerProvider, a "session load" contains a "DynamoDB.GetItem".
//
// # Metrics
//
//	session.operation.duration  histogram, s            by session.operation and session.outcome, and error.type
//	session.store.calls         counter, {call}         by session.operation
//	session.store.capacity      counter, {unit}         by session.operation and direction (read, write), with Config.ObserveCapacity
//	session.conflicts           counter, {conflict}     by session.operation
//	session.store.hedges        counter, {call}         by session.operation: reads that were late and were sent again
//	session.clock.skew          gauge, s                by how much this host's clock is ahead of the store's, when that is reported
//	session.store.dead_connections counter, {connection} connections that had died silently, so that a call was slow
//	session.touches.skipped     counter, {touch}        loads whose access was not due to be recorded
//
// Names and attributes follow OpenTelemetry's semantic conventions where they exist: session.id,
// enduser.id, error.type, durations in seconds.
package otelsessions

// Package driver is for authors of stores. It has the interface that a store of sessions
// implements, and the types and errors in it. Applications use package sessions.
//
// # A store for another database
//
// Three kinds of things are stored, each under a text key of at most 200 bytes. Each is written
// alone: no call writes two keys.
//
//   - A [Record] is a session. Create, Replace, Touch, Bind and End write it, each on a condition
//     on the record itself.
//   - A [Marker] takes the place of a record that has ended. Keep it in the same row as the
//     record: each of these calls must find it there, in the same atomic step.
//   - A [Roster] lists keys of records. ChangeRoster reads, judges and writes it in one step.
//
// The database needs strongly consistent reads, and conditional writes of one row that are
// linearizable. With SQL each call is one statement (UPDATE … WHERE rev = …, INSERT … ON CONFLICT),
// or a transaction that locks one row first. Nothing depends on transactions across rows.
//
// Judge a condition where the row is written, not before it in the program: between a look and a
// write another process has its turn. If the condition does not hold, look at the row then: it may
// hold the Rev of this very write, whose first answer was lost.
//
// The database may sweep, by its own means, what has expired: a record after its ExpiresAt, a
// marker after its Until, a roster after its Expires. It need not.
//
// Return the errors of this package where the contract names them. Wrap any other failure with
// [ErrUnavailable] if nothing was written, and with [ErrOutcomeUnknown] if that isn't known, as
// when the context ends after the call was sent.
//
// Return copies: a caller may change the Binding of a Record and the Entries of a Roster that it
// got.
//
// The example of [Store] is a whole store. Test yours with package storetest, against the real
// database.
package driver

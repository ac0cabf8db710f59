// Package driver is for implementing stores. It has the interface of a session store, and its types
// and errors. Applications use package sessions.
//
// # A store for another database
//
// A store keeps three kinds of things, each under a text key of at most 200 bytes. Each is written
// alone: no call writes two keys.
//
//   - A [Record] is a session. Create, Replace, Touch, Bind and End write it, each conditionally on
//     the record itself.
//   - A [Marker] takes the place of a record that has ended. Keep it in the same row as the
//     record: each of these calls must find it there, in the same atomic step.
//   - A [Roster] lists keys of records. ChangeRoster reads, checks and writes it in one step.
//
// The database needs strongly consistent reads, and conditional writes of one row that are
// linearizable. With SQL each call is one statement (UPDATE … WHERE rev = …, INSERT … ON CONFLICT),
// or a transaction that locks one row first. Nothing depends on transactions across rows.
//
// Check a condition in the statement that writes the row, not in the program before it: another
// process may write in between. If the condition fails, look at the row: it may have the Rev of
// this very write, whose first response was lost.
//
// The database may delete by itself what has expired: a record after its ExpiresAt, a marker after
// its Until, a roster after its Expires. It doesn't have to.
//
// Return the errors of this package where the contract names them. Wrap any other failure with
// [ErrUnavailable] if nothing was written, and with [ErrOutcomeUnknown] if you can't know, as when
// the context ends after the call was sent.
//
// Return copies: a caller may change the Binding of a Record and the Entries of a Roster that it
// got.
//
// The example of [Store] is a complete store. Test yours with package storetest, against the real
// database.
package driver

// Package driver is for authors of stores: it has the interface that a store of sessions implements, and the types and
// errors in it. Applications use package sessions.
//
// # A store for another database
//
// Three kinds of things are stored, each under a text key of at most 200 bytes, and each written alone: no call touches two
// keys.
//
//   - A [Record] is a session. Create, Replace, Touch, Bind and End write it, each on a condition on the record itself.
//   - A [Marker] takes the place of a record that has ended. Keep it in the same row as the record: whoever creates,
//     replaces, touches or ends must find it there, in the same atomic step.
//   - A [Roster] lists keys of records. ChangeRoster reads, judges and writes it in one step.
//
// A database needs conditional writes of one row that are linearizable, and strongly consistent reads. With SQL each call
// is one statement (UPDATE … WHERE rev = …) or a transaction of two on one row. Nothing depends on transactions across rows.
//
// What has expired may be swept at any time after its ExpiresAt, Until or Expires, by the database's own means, or never.
//
// Return the errors of this package where the contract names them, and [ErrUnavailable] or [ErrOutcomeUnknown] around
// any other failure: the first if nothing was written, the second if that isn't known. A context error after the call was
// sent is the second.
//
// Test the store with package storetest, against the real database. The example is a whole store.
package driver

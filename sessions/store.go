package sessions

import (
	"context"
	"time"
)

// Store keeps records. A [Manager] calls it; applications choose one (memstore, or dynamo for DynamoDB) and hand it to
// [New]. Who writes a Store of their own checks it with the package storetest: every sentence below is one of its rules.
//
// A Store is safe for concurrent use by any number of goroutines, processes and hosts. Each call happens as a whole or not
// at all, whatever others do meanwhile. What a call that returned nil has stored, every later Load sees: reads are
// strongly consistent. A Store gives back what it was given: the key, a payload that is [codec.Equal] to the one stored and
// of the same format, Rev, Subject and Device, both times to the microsecond in UTC, both timeouts to the second. It judges
// no expiry: a record whose time has passed may be returned, or may be gone, as the Manager decides by its own clock; a record
// whose time has not passed stays.
//
// A call whose context is done before it begins changes nothing and returns an error that is the context's.
//
// A write that is repeated with the same Rev, because the first answer was lost, is a success and changes nothing more.
// Rev "" names no write and is never recognised so.
//
// Errors are those named below, or [ErrDecode] for something stored that can't be read, [ErrTooLarge], [ErrUnavailable] and
// [ErrOutcomeUnknown]; each may be wrapped. A call that returns an error other than ErrOutcomeUnknown has changed nothing.
type Store interface {
	// Create stores rec. If a record of that key is there already, the error is [ErrExists] and that record stays as it is.
	// Of several Creates of one key at the same time, exactly one succeeds.
	Create(ctx context.Context, rec Record) error

	// Load returns the record of key, or [ErrNotFound].
	Load(ctx context.Context, key string) (Record, error)

	// Replace puts rec in the place of the stored record of the same key, provided that this one's Rev is rev; rev "" means
	// that it has none. If it is another, the error is [ErrConflict] and nothing changes. If there is none, the error is
	// [ErrNotFound], and none comes into being: what was deleted stays deleted. Of several Replaces of one rev at the same
	// time, exactly one succeeds.
	Replace(ctx context.Context, rec Record, rev string) error

	// Rename removes the record of key from, provided that its Rev is rev, and stores rec under a key of its own, in one
	// step: the old is gone and the new is there, or nothing has changed at all. No other call sees both or neither.
	// The error is [ErrNotFound] if there is no record of key from, [ErrConflict] if its Rev is another, [ErrExists] if
	// there is a record of rec's key already. Of several Renames of one record at the same time, exactly one succeeds.
	// A rec whose key is from is an error.
	Rename(ctx context.Context, from string, rec Record, rev string) error

	// Touch records an access: it moves the record's Accessed to accessed, and the moment at which the store may sweep it to
	// expires. The times only move forward, and both or neither: unless accessed is later than the stored one, and expires
	// not earlier, the record stays as it is, and that is a success. It changes nothing else, not even Rev, so that it
	// never disturbs a Replace. If there is no record of key, the error is [ErrNotFound], and none comes into being.
	Touch(ctx context.Context, key string, accessed, expires time.Time) error

	// Delete removes the record of key. That there is none is not an error.
	Delete(ctx context.Context, key string) error
}

package driver

import (
	"context"
	"time"

	"github.com/dynasession/dynasession/clock"
)

// MaxBatch is the most keys that one call of [Store.LoadAll] or [Store.LoadRosters] may have.
const MaxBatch = 100

// MaxLeave is the most keys that one [RosterChange] may have in Leave.
const MaxLeave = 400

// Store keeps the records and rosters of sessions. Applications choose one (memstore, or dynamo for
// DynamoDB) and pass it to sessions.New; the Manager calls it. To implement a Store, test it with
// package storetest: every sentence below, and of [RosterChange], is one of its rules.
//
// A Store is safe for concurrent use by any number of goroutines, processes and hosts. Each call
// happens as a whole or not at all, whatever other calls do at the same time. Once a write has
// returned nil, every later read sees it. A Store returns what it was given: the key, a payload
// that is codec.Equal to the one stored and has its format, Rev, Subject, Application, Federated,
// Device, Persist, Binding and both pages, both times to the microsecond in UTC, both timeouts to
// the second. Apart from payloads it shares no memory with its callers, who may change what they
// passed and what they got. A Store doesn't judge whether a session has expired: it may return or
// sweep a record whose ExpiresAt has passed, but it keeps a record whose ExpiresAt has not.
//
// While a key holds a marker, Create, Load, Replace, Touch, Bind and End of that key return an
// [*EndedError] with the marker, LoadAll has that error among its results, and the marker stays: a
// session that has ended stays ended. The store keeps a marker until its Until has passed, and a
// roster until its Expires has passed.
//
// A call whose context is done before it begins changes nothing and returns an error that is the
// context's.
//
// A write that is repeated with the same Rev, because the first answer was lost, succeeds and
// changes nothing more. The store recognises it by the Rev that is stored: once another write has
// stored its own Rev, the repeated one is treated like any other. Rev "" names no write: a write
// with it is never taken for a repeated one.
//
// Apart from the errors named below, a call may return [ErrDecode] if something stored can't be
// read, [ErrTooLarge], [ErrUnavailable] and [ErrOutcomeUnknown]. A call that returns an error other
// than ErrOutcomeUnknown has changed nothing.
type Store interface {
	// Create stores rec, if its key holds nothing. If the key holds another record, the error is
	// [ErrExists] and that record stays as it is. Of several Creates of one key at the same time,
	// exactly one succeeds.
	Create(ctx context.Context, rec Record) error

	// Load returns the record of key. If there is none, the error is [ErrNotFound].
	Load(ctx context.Context, key string) (Record, error)

	// LoadAll returns, for each of at most MaxBatch different keys and in their order, what Load
	// would return. If any of them can't be read, it returns an error and no results.
	LoadAll(ctx context.Context, keys []string) ([]Loaded, error)

	// Replace replaces the record of rec's key by rec, if that record's Rev is rev; rev "" means
	// that it has none. It keeps the stored Binding. If the Rev differs, the error is [ErrConflict]
	// and nothing changes. If there is no record, the error is [ErrNotFound] and none is created.
	// Of several Replaces of one rev at the same time, exactly one succeeds.
	Replace(ctx context.Context, rec Record, rev string) error

	// Touch records an access: it sets the record's Accessed to accessed, and the time from which
	// the store may sweep it to expires. The times move only forward, and both or neither: unless
	// accessed is later than the stored one and expires is not earlier, the call succeeds and
	// changes nothing. It changes nothing else, not even Rev, so that it never disturbs a Replace.
	// If there is no record, the error is [ErrNotFound] and none is created.
	Touch(ctx context.Context, key string, accessed, expires time.Time) error

	// Bind sets the record's Binding, if the stored one equals was; an empty was or binding means
	// no Binding. It changes nothing else, not even Rev. If the Binding differs, the error is
	// [ErrConflict], unless it equals binding already: then the call succeeds. If there is no
	// record, the error is [ErrNotFound] and none is created.
	Bind(ctx context.Context, key string, binding, was []byte) error

	// End ends the session of e.Key: it stores e.Marker in place of the record, or under the key if
	// there is none. It returns the record that was there, as far as it can be read and perhaps
	// without its Payload; the zero Record if there was none. If e.If is not met, the error is
	// [ErrConflict], or [ErrNotFound] if e.If demands a record and there is none, and nothing
	// changes. With the zero Marker it deletes the record and leaves nothing.
	End(ctx context.Context, e End) (Record, error)

	// LoadRosters returns the rosters of at most MaxBatch different keys, in their order. A roster
	// that doesn't exist is returned with its Key alone.
	LoadRosters(ctx context.Context, keys ...string) ([]Roster, error)

	// ChangeRoster applies c and returns the resulting roster. If c is refused, the error is
	// [ErrRoster] or [ErrFull], and the roster is returned unchanged.
	ChangeRoster(ctx context.Context, c RosterChange) (Roster, error)

	// Clock returns the clock of the store's database. A Manager uses it, unless its Config has
	// another. It is never nil and safe for concurrent use; a store without a better one returns
	// clock.System.
	Clock() clock.Clock

	// Name returns the name of the table or whatever else the store keeps its records in; "" if it
	// has none. It is the same at every call, and on every host that uses the table. A Manager that
	// encrypts data binds the name to it: under another name the data can't be decrypted.
	Name() string
}

// Loaded is one of the results of [Store.LoadAll].
type Loaded struct {
	Record Record
	Err    error // [ErrNotFound], an [*EndedError] or [ErrDecode]; nil if there is a Record
}

// End says which session [Store.End] ends, on which condition, and what it stores in its place.
type End struct {
	Key    string
	Marker Marker
	If     *State // nil: whatever the key holds, except a marker
}

// State is what a key must hold for End to end its session: a record with the given Rev, or
// nothing.
type State struct {
	Absent   bool      // the key holds neither record nor marker; the other fields are ignored
	Rev      string    // the record's Rev; "" if it has none
	Accessed time.Time // the record's Accessed; zero: any
}

package driver

import (
	"fmt"

	"github.com/dynasession/dynasession/codec"
)

// The errors of a [Store]. Test for them with [errors.Is]; each may be wrapped.
var (
	// ErrNotFound means that there is no such session.
	ErrNotFound error = &sentinel{text: "session not found"}

	// ErrEnded means that the session has ended and a [Marker] stands in its place. It is an
	// ErrNotFound. The error is an [*EndedError], which has the marker.
	ErrEnded error = &sentinel{text: "session has ended", parent: ErrNotFound}

	// ErrRenewed means that the session's ID was exchanged for another a moment ago; the session is
	// alive under the new one. It is an ErrEnded, and so an ErrNotFound.
	ErrRenewed error = &sentinel{text: "session goes on under another ID", parent: ErrEnded}

	// ErrExists means that another record has this key; it was not changed.
	ErrExists error = &sentinel{text: "session exists already"}

	// ErrConflict means that the session was changed since it was loaded; nothing was written.
	ErrConflict error = &sentinel{text: "session was changed by another request"}

	// ErrRoster means that a roster doesn't meet a change's conditions; nothing was written.
	ErrRoster error = &sentinel{text: "roster was changed by another request"}

	// ErrFull means that a roster holds as many entries as a change allows, or is closed; nothing
	// was written. It is an ErrRoster.
	ErrFull error = &sentinel{text: "roster is full", parent: ErrRoster}

	// ErrTooLarge means that the session is larger than the store can keep; nothing was written.
	// The error is a [*TooLargeError], which has size and limit. It is [codec.ErrTooLarge], which a
	// codec returns for what no store is asked to keep.
	ErrTooLarge = codec.ErrTooLarge

	// ErrDecode means that a stored item can't be read as a session, or its data can't be decoded
	// as the application's type.
	ErrDecode error = &sentinel{text: "stored session can't be decoded"}

	// ErrUnavailable means that the store could not respond: a network or service failure, a
	// timeout, a missing table or permission. The session may exist: treating it as absent would
	// log its user out.
	ErrUnavailable error = &sentinel{text: "session store unavailable"}

	// ErrOutcomeUnknown means that a write may or may not have been applied: its response was lost,
	// and the store couldn't find out. Repeating the call is safe. It is an ErrUnavailable.
	ErrOutcomeUnknown error = &sentinel{text: "outcome of the write unknown", parent: ErrUnavailable}
)

// sentinel is an error that is also another one, its parent.
type sentinel struct {
	text   string
	parent error
}

func (s *sentinel) Error() string { return s.text }
func (s *sentinel) Unwrap() error { return s.parent }

// EndedError is an [ErrEnded] with the marker that the key holds. It is an [ErrRenewed] if the
// marker says so.
type EndedError struct{ Marker Marker }

// Error returns a text that says why the session has ended.
func (e *EndedError) Error() string {
	switch e.Marker.Why {
	case Renewed:
		return ErrRenewed.Error()
	case "":
		return ErrEnded.Error()
	default:
		return fmt.Sprintf("%v (%s)", ErrEnded, e.Marker.Why)
	}
}

// Unwrap returns [ErrRenewed] or [ErrEnded].
func (e *EndedError) Unwrap() error {
	if e.Marker.Why == Renewed {
		return ErrRenewed
	}
	return ErrEnded
}

// TooLargeError is an [ErrTooLarge] with the session's size and the limit.
type TooLargeError = codec.TooLargeError

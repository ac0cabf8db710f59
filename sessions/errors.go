package sessions

import (
	"fmt"
)

// What can become of a call. Test for them with [errors.Is]; the error that a [Manager] returns is an [*Error] around one
// of them. Most callers of Load ask one thing, errors.Is(err, ErrNotFound): it holds for [ErrExpired] and [ErrInvalidID] too.
var (
	// ErrNotFound means that there is no such session: it was never saved, was destroyed, renewed under another ID, or is gone.
	ErrNotFound error = &sentinel{text: "session not found"}

	// ErrExpired means that the session has reached its idle or its absolute deadline. It is an ErrNotFound.
	ErrExpired error = &sentinel{text: "session expired", parent: ErrNotFound}

	// errAbsolute is an ErrExpired by the absolute deadline.
	errAbsolute error = &sentinel{text: "session expired", parent: ErrExpired}

	// ErrInvalidID means that no session can have this ID: its length, alphabet or signature is wrong. The store was not
	// asked. It is an ErrNotFound.
	ErrInvalidID error = &sentinel{text: "session ID invalid", parent: ErrNotFound}

	// ErrExists means that a record with this key exists already; it was left as it is.
	ErrExists error = &sentinel{text: "session exists already"}

	// ErrConflict means that the session was changed since it was loaded; nothing was written. Load it again.
	ErrConflict error = &sentinel{text: "session was changed meanwhile"}

	// ErrRevoked means that all sessions of the subject were revoked while it signed in: the login has to be done again. It is an
	// ErrConflict.
	ErrRevoked error = &sentinel{text: "subject's sessions were revoked meanwhile", parent: ErrConflict}

	// ErrLimit means that the subject has as many sessions as it may have: see [SubjectLimit].
	ErrLimit error = &sentinel{text: "subject has too many sessions"}

	// ErrRoster means that a roster was changed since it was loaded; nothing was written. It is for stores; a Manager tries again.
	ErrRoster error = &sentinel{text: "roster was changed meanwhile"}

	// ErrTooLarge means that the session is larger than the store can keep; nothing was written. The error is a
	// [*TooLargeError], which tells size and limit.
	ErrTooLarge error = &sentinel{text: "session too large"}

	// ErrDecode means that what is stored can't be read as a session, or its data not as a T.
	ErrDecode error = &sentinel{text: "stored session can't be decoded"}

	// ErrUnavailable means that the store could not answer: a network or service failure, a deadline, a missing table or
	// permission. The session may well exist; treating it as absent would log its user out.
	ErrUnavailable error = &sentinel{text: "session store unavailable"}

	// ErrOutcomeUnknown means that a write may or may not have been applied: its answer was lost, and nothing stored tells.
	// Repeating the call is safe. It is an ErrUnavailable.
	ErrOutcomeUnknown error = &sentinel{text: "outcome of the write unknown", parent: ErrUnavailable}
)

type sentinel struct {
	text   string
	parent error
}

func (s *sentinel) Error() string { return s.text }
func (s *sentinel) Unwrap() error { return s.parent }

// Error is the error that a [Manager] returns: which operation failed, for which session, and why. It holds neither ID nor data.
type Error struct {
	// Op is the operation: "create", "load", "save", "update", "renew", "authenticate", "destroy", "sessions",
	// "revoke", "revoke all", "revoke everything".
	Op string

	// Handle is the session's handle, [ID.Loggable]; empty if the ID was too long to be one.
	Handle string

	// Err is the reason.
	Err error
}

// Error returns "sessions: load 4ee055b8…: session expired", with the whole handle.
func (e *Error) Error() string {
	if e.Handle == "" {
		return "sessions: " + e.Op + ": " + e.Err.Error()
	}
	return "sessions: " + e.Op + " " + e.Handle + ": " + e.Err.Error()
}

// Unwrap returns the reason.
func (e *Error) Unwrap() error { return e.Err }

// TooLargeError is the [ErrTooLarge] of a store that has a limit, with the figures.
type TooLargeError struct {
	Size  int // bytes that the record would take
	Limit int // bytes that it may take
}

// Error names both figures.
func (e *TooLargeError) Error() string {
	return fmt.Sprintf("%v: %d bytes, and at most %d can be stored", ErrTooLarge, e.Size, e.Limit)
}

// Unwrap returns [ErrTooLarge].
func (e *TooLargeError) Unwrap() error { return ErrTooLarge }

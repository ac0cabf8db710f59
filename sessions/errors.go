package sessions

import (
	"github.com/dynasession/dynasession/sessions/driver"
)

// The errors of a call. Test for them with [errors.Is]; the error that a [Manager] returns is an
// [*Error] around one of them. Most callers of Load ask one thing, errors.Is(err, ErrNotFound): it
// holds for [ErrExpired], [ErrInvalidID] and [ErrRenewed] too.
var (
	// ErrNotFound means that there is no such session: it was never saved, has ended, or goes on
	// under another ID.
	ErrNotFound = driver.ErrNotFound

	// ErrRenewed means that the session's ID was exchanged for another a moment ago, by Renew or
	// Authenticate in another request. The session goes on under that one, which the client has or
	// is about to get. It is an ErrNotFound. Half an hour later the ID is an ErrNotFound like any
	// other.
	ErrRenewed = driver.ErrRenewed

	// ErrExpired means that the session has reached its idle or its absolute deadline. It is an
	// ErrNotFound.
	ErrExpired error = &sentinel{text: "session expired", parent: ErrNotFound}

	// errAbsolute is an ErrExpired by the absolute deadline.
	errAbsolute error = &sentinel{text: "session expired", parent: ErrExpired}

	// ErrInvalidID means that no session can have this ID: its length, alphabet or signature is
	// wrong. The store was not asked. It is an ErrNotFound.
	ErrInvalidID error = &sentinel{text: "session ID invalid", parent: ErrNotFound}

	// ErrNotBound means that the session is bound to a device, and the request has not proved that
	// it comes from there: its ID may have been stolen. The session is alive. See
	// [Manager.LoadBound].
	ErrNotBound error = &sentinel{text: "session is bound to a device, and its proof is missing or wrong"}

	// ErrConflict means that the session was changed since it was loaded; nothing was written. Load
	// it again.
	ErrConflict = driver.ErrConflict

	// ErrRevoked means that all sessions of the subject were revoked while it signed in: the login
	// has to be done again. It is an ErrConflict.
	ErrRevoked error = &sentinel{text: "subject's sessions were revoked during the login", parent: ErrConflict}

	// ErrLimit means that the subject has as many sessions as it may have: see [SubjectLimit].
	ErrLimit error = &sentinel{text: "subject has too many sessions"}

	// ErrTooLarge means that the session is larger than the store can keep; nothing was written.
	// The error is a [*TooLargeError], which has size and limit.
	ErrTooLarge = driver.ErrTooLarge

	// ErrDecode means that what is stored can't be read as a session, or its data not as a T. The
	// record stays as it is, for a binary that can read it.
	ErrDecode = driver.ErrDecode

	// ErrUnavailable means that the store, or the service that decrypts, could not answer: a
	// network or service failure, a deadline, a missing table or permission. The session may well
	// exist; treating it as absent would log its user out.
	ErrUnavailable = driver.ErrUnavailable

	// ErrOutcomeUnknown means that a write may or may not have been applied: its answer was lost,
	// and nothing stored tells. Repeating the call is safe. It is an ErrUnavailable.
	ErrOutcomeUnknown = driver.ErrOutcomeUnknown
)

// TooLargeError is the [ErrTooLarge] of a store that has a limit, with the figures.
type TooLargeError = driver.TooLargeError

// sentinel is an error that is another one too.
type sentinel struct {
	text   string
	parent error
}

func (s *sentinel) Error() string { return s.text }
func (s *sentinel) Unwrap() error { return s.parent }

// Error is the error that a [Manager] returns: which operation failed, for which session, and why.
// It holds neither ID nor data.
type Error struct {
	// Op is the operation: "create", "load", "peek", "follow", "save", "update", "renew",
	// "authenticate", "bind", "destroy", "sessions", "revoke", "revoke all", "revoke federated",
	// "revoke before", "wait end".
	Op string

	// Handle is the session's handle, [ID.Handle]; empty if what the client sent was too long to be
	// an ID.
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

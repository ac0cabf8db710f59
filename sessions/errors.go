package sessions

import (
	"github.com/dynasession/dynasession/sessions/driver"
)

// The errors of a [Manager]. Test for them with [errors.Is]; the error that a [Manager] returns is
// an [*Error] around one of them. Most callers of Load need only errors.Is(err, ErrNotFound), which
// is true for [ErrExpired], [ErrInvalidID] and [ErrRenewed] too.
var (
	// ErrNotFound means that there is no such session: it was never saved, has ended, or has
	// another ID now.
	ErrNotFound = driver.ErrNotFound

	// ErrRenewed means that the session's ID was exchanged for another a moment ago, by Renew or
	// Authenticate in another request. The session is alive under the new ID, which the client has
	// or is about to get. It is an ErrNotFound. After half an hour the error for the old ID is a
	// plain ErrNotFound.
	ErrRenewed = driver.ErrRenewed

	// ErrExpired means that the session has reached its idle or its absolute deadline. It is an
	// ErrNotFound.
	ErrExpired error = &sentinel{text: "session expired", parent: ErrNotFound}

	// errAbsolute is an ErrExpired by the absolute deadline.
	errAbsolute error = &sentinel{text: "session expired", parent: ErrExpired}

	// ErrInvalidID means that no session can have this ID: its length, alphabet or signature is
	// wrong. The Manager made no store call. It is an ErrNotFound.
	ErrInvalidID error = &sentinel{text: "session ID invalid", parent: ErrNotFound}

	// ErrNotBound means that the session is bound to a device, and the request has not proved that
	// it comes from that device: the ID may have been stolen. The session is alive. See
	// [Manager.LoadBound].
	ErrNotBound error = &sentinel{text: "session is bound to a device, and its proof is missing or wrong"}

	// ErrConflict means that the session was changed since it was loaded; nothing was written. Load
	// it again.
	ErrConflict = driver.ErrConflict

	// ErrRevoked means that all sessions of the subject were revoked during the login: the user has
	// to sign in again. It is an ErrConflict.
	ErrRevoked error = &sentinel{text: "subject's sessions were revoked during the login", parent: ErrConflict}

	// ErrLimit means that the subject has as many sessions as it may have: see [SubjectLimit].
	ErrLimit error = &sentinel{text: "subject has too many sessions"}

	// ErrTooLarge means that the session is larger than the store can keep, or its data larger than
	// [codec.EncodeLimit]; nothing was written. The error is a [*TooLargeError], which has size and
	// limit.
	ErrTooLarge = driver.ErrTooLarge

	// ErrDecode means that a stored item can't be read as a session, or its data can't be decoded
	// as a T. The record is not changed, so another version of the application may read it.
	ErrDecode = driver.ErrDecode

	// ErrUnavailable means that the store or the key service could not respond: a network or
	// service failure, a timeout, a missing table or permission. The session may exist: treating it
	// as absent would log its user out.
	ErrUnavailable = driver.ErrUnavailable

	// ErrOutcomeUnknown means that a write may or may not have been applied: its response was lost,
	// and the store couldn't find out. Repeating the call is safe. It is an ErrUnavailable.
	ErrOutcomeUnknown = driver.ErrOutcomeUnknown
)

// TooLargeError is an [ErrTooLarge] with the session's size and the limit.
type TooLargeError = driver.TooLargeError

// sentinel is an error that is also another one, its parent.
type sentinel struct {
	text   string
	parent error
}

func (s *sentinel) Error() string { return s.text }
func (s *sentinel) Unwrap() error { return s.parent }

// Error is the error that a [Manager] returns: it says which operation failed, for which session,
// and why. It contains neither ID nor data.
type Error struct {
	// Op is the operation: "create", "load", "peek", "follow", "save", "update", "renew",
	// "authenticate", "bind", "destroy", "sessions", "revoke", "revoke all", "revoke federated",
	// "revoke before", "wait end".
	Op string

	// Handle is the session's handle, [ID.Handle]; empty if the text that the client sent was too
	// long for an ID.
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

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

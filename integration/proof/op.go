package proof

import (
	"errors"
	"fmt"

	"github.com/dynasession/dynasession/sessions"
)

// Kind is the kind of an operation.
type Kind string

// The kinds.
const (
	Create       Kind = "create"
	Load         Kind = "load"
	Save         Kind = "save" // loads, changes and saves
	Update       Kind = "update"
	Renew        Kind = "renew"        // changes, too
	Authenticate Kind = "authenticate" // changes, too
	Destroy      Kind = "destroy"
	Revoke       Kind = "revoke" // ends all sessions of a subject
	List         Kind = "list"   // lists the sessions of a subject
)

// Outcome is the result of an operation.
type Outcome string

// The outcomes. Only Done and Unknown may have changed something.
const (
	Done     Outcome = "done"
	Gone     Outcome = "gone"    // there is no such session
	Renewed  Outcome = "renewed" // it has a new ID
	Expired  Outcome = "expired"
	Conflict Outcome = "conflict"
	Revoked  Outcome = "revoked" // a login that lost against a revocation
	Limit    Outcome = "limit"   // a login of a subject that is at its limit
	Failed   Outcome = "failed"
	Unknown  Outcome = "unknown" // it may or may not have been done
)

// outcomeOf returns the outcome of an operation that returned err.
func outcomeOf(err error) Outcome {
	var d doubt
	switch {
	case err == nil:
		return Done
	case errors.As(err, &d), errors.Is(err, sessions.ErrOutcomeUnknown):
		return Unknown
	case errors.Is(err, sessions.ErrUnavailable):
		return Failed
	case errors.Is(err, sessions.ErrRenewed):
		return Renewed
	case errors.Is(err, sessions.ErrExpired):
		return Expired
	case errors.Is(err, sessions.ErrNotFound):
		return Gone
	case errors.Is(err, sessions.ErrRevoked): // also an ErrConflict
		return Revoked
	case errors.Is(err, sessions.ErrConflict):
		return Conflict
	case errors.Is(err, sessions.ErrLimit):
		return Limit
	default:
		return Failed
	}
}

// doubt is the error of repeated calls, of which one had an unknown outcome and the last failed.
type doubt struct{ error }

// Unwrap returns the error of the last call.
func (d doubt) Unwrap() error { return d.error }

// resolve repeats a call until its outcome is known. Once a call's outcome was unknown, only
// success makes it known.
func resolve(call func() error) error {
	err := call()
	if !errors.Is(err, sessions.ErrOutcomeUnknown) {
		return err
	}
	for range 50 {
		if err = call(); err == nil || !errors.Is(err, sessions.ErrUnavailable) {
			break
		}
	}
	if err != nil {
		return doubt{err}
	}
	return nil
}

// Op is an operation on one session, as its client sees it. A revocation or list of a subject's
// sessions is recorded as one Op for each session that the subject has had, since no call of the
// library promises to see or end several sessions at one instant.
type Op struct {
	Kind    Kind
	Outcome Outcome
	Life    int    // the session's number, the same for all its IDs
	Subject string // as whom it signs in
	ID      int    // the number of the ID in the request, or of the ID that a list contains
	Next    int    // the number of the new ID; below 0 if the client was not told
	Mark    string // the text added to the data
	Merges  bool   // the host merges changes
	Base    string // the data before the change, if changes are not merged
	Data    string // the data afterwards, if Done

	Why string // the error's text

	Overtaken bool // overlaps with a revocation, which may have ended the new ID at once

	// The times of the call and of its return. They order operations.
	Call, Return int64
}

// String describes the request and its outcome.
func (o Op) String() string {
	return fmt.Sprintf("%d..%d session %d: %s of ID %d%s: %s %q, ID %d %s", o.Call, o.Return, o.Life, o.Kind, o.ID, plus(o.Mark), o.Outcome, o.Data, o.Next, o.Why)
}

func plus(mark string) string {
	if mark == "" {
		return ""
	}
	return " + " + mark
}

// join appends a mark to data.
func join(data, mark string) string {
	if data == "" {
		return mark
	}
	return data + " " + mark
}

package proof

import (
	"errors"
	"fmt"

	"github.com/dynasession/dynasession/sessions"
)

// Kind is what an operation does.
type Kind string

// The kinds.
const (
	Create       Kind = "create"
	Load         Kind = "load"
	Save         Kind = "save" // loads, changes and saves
	Update       Kind = "update"
	Renew        Kind = "renew"        // with a change
	Authenticate Kind = "authenticate" // with a change
	Destroy      Kind = "destroy"
	Revoke       Kind = "revoke" // all sessions of a subject
	List         Kind = "list"   // the sessions of a subject
)

// Outcome is how an operation ended.
type Outcome string

// The outcomes. Of those but Done and Unknown nothing has changed.
const (
	Done     Outcome = "done"
	Gone     Outcome = "gone"    // there is no such session
	Renewed  Outcome = "renewed" // it goes on under another ID
	Expired  Outcome = "expired"
	Conflict Outcome = "conflict"
	Revoked  Outcome = "revoked" // a login that lost against a revocation
	Limit    Outcome = "limit"   // a login, the subject has as many sessions as it may have
	Failed   Outcome = "failed"
	Unknown  Outcome = "unknown" // it may have been done, or not
)

// outcomeOf returns how an operation ended that returned err.
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
	case errors.Is(err, sessions.ErrRevoked): // an ErrConflict too
		return Revoked
	case errors.Is(err, sessions.ErrConflict):
		return Conflict
	case errors.Is(err, sessions.ErrLimit):
		return Limit
	default:
		return Failed
	}
}

// doubt is an error of calls of which one had an unknown outcome, and the last another.
type doubt struct{ error }

// Unwrap returns the error of the last call.
func (d doubt) Unwrap() error { return d.error }

// resolve repeats a call until it is known how it ended. Once in doubt, only success clears it.
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

// Op is an operation on one session, as its client knows it. A revocation and a list of a subject's
// sessions are an Op for each session that the subject has had: no call of the library promises to
// see or to end several sessions in one instant.
type Op struct {
	Kind    Kind
	Outcome Outcome
	Life    int    // which session, whatever its IDs
	Subject string // under which it signs in
	ID      int    // which of its IDs was asked for, by number; of a list: which is listed
	Next    int    // the number of the ID that it got; below 0 if the client doesn't know
	Mark    string // what was added to the data
	Merges  bool   // what others have stored is merged
	Base    string // to what it was added, if nothing is merged
	Data    string // what the session had afterwards, if Done

	Why string // the error's text

	Overtaken bool // a revocation overlaps, which may have ended the new ID at once

	// Call and Return order operations in real time.
	Call, Return int64
}

// String says what was asked for and what came of it.
func (o Op) String() string {
	return fmt.Sprintf("%d..%d session %d: %s of ID %d%s: %s %q, ID %d %s", o.Call, o.Return, o.Life, o.Kind, o.ID, plus(o.Mark), o.Outcome, o.Data, o.Next, o.Why)
}

func plus(mark string) string {
	if mark == "" {
		return ""
	}
	return " + " + mark
}

// join returns data with a mark at its end.
func join(data, mark string) string {
	if data == "" {
		return mark
	}
	return data + " " + mark
}

package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/dynasession/dynasession/sessions"
)

var (
	// ErrNoMiddleware means that the context does not belong to a request that went through the
	// Middleware's Handler.
	ErrNoMiddleware = errors.New("web: no session in this context: is the Middleware's Handler around this route?")

	// ErrCommitted means that the response has already started, so that the cookie can't be set and
	// later changes are not saved.
	ErrCommitted = errors.New("web: the response has already started")

	// ErrCookieKept means that a change was refused, since storing a new session would replace a
	// cookie that the browser needs. The error says why, and wraps the cause if there is one:
	//
	//   - [sessions.ErrRenewed]: the session has a new ID, which another request has sent to the
	//     browser or is about to send. The response to a form may redirect to itself: the browser
	//     comes back with the new ID.
	//   - Another user has just signed in with this browser, which ended the session.
	//   - [sessions.ErrDecode]: the session was written by another version of the application,
	//     which may be able to read it.
	//   - The request comes from another site, and the browser may have withheld the cookie: see
	//     Cookie.SameSite.
	//   - The request came with the IDs of several live sessions, and it is unknown which one is
	//     the visitor's.
	//   - [sessions.ErrNotBound]: the session is bound to its device, and the request has not
	//     proved that it comes from that device: see Config.Bound.
	//   - The form was opened before a login elsewhere in this browser, or before the session got its
	//     present ID: see [Middleware.Verify].
	//   - [sessions.ErrOutcomeUnknown]: a login as another user may or may not have succeeded. Call
	//     [Middleware.Authenticate] again.
	//
	// A login is never refused for these reasons.
	ErrCookieKept = errors.New("web: not changed, since the browser's cookie must not be replaced")

	// ErrTwoIDs means that a request carries a session's ID both in the cookie and in
	// Config.Header, which neither browsers nor API clients do.
	ErrTwoIDs = errors.New("web: the request carries a session ID in the cookie and in the header")

	// ErrSameCookie means that the Handlers of two Middlewares, one within the other, use the same
	// cookie or the same header: each would overwrite the ID that the other sends. Give them
	// different names.
	ErrSameCookie = errors.New("web: two Middlewares around one handler use the same cookie or header")

	// ErrNoSubject means that the visitor has not signed in: see [Middleware.RequireSubject].
	ErrNoSubject = errors.New("web: nobody has signed in")

	// ErrNotFresh means that the user's login is too long ago: see [Middleware.RequireFresh].
	ErrNotFresh = errors.New("web: signed in too long ago")

	// ErrNotBound means that the session is not bound to a device, see [Middleware.RequireBound].
	ErrNotBound = errors.New("web: the session is not bound to a device")

	// ErrProof means that a login came with an invalid DPoP proof: see Config.Bound.
	ErrProof = errors.New("web: DPoP proof not accepted")

	// ErrToken means that a request has no anti-forgery token, or not one of its session: see
	// [Middleware.Verify].
	ErrToken = errors.New("web: not the session's token")

	// errForm is the ErrToken of a body that can't be read as a form. Its text has nothing from the
	// body.
	errForm = fmt.Errorf("%w: the posted form is malformed", ErrToken)
)

// Status returns the HTTP status with which the default Config.Error responds to an error of this
// package or of a Manager:
//
//   - 400 for [ErrTwoIDs], and for a form that is malformed
//   - 401 for [ErrNoSubject], [ErrNotFresh] and [ErrProof]
//   - 403 for [ErrToken], [ErrNotBound] and [sessions.ErrNotBound]
//   - 409 for [ErrCookieKept], [sessions.ErrConflict], [sessions.ErrLimit] and
//     [sessions.ErrNotFound], which a save meets if another request has ended the session meanwhile
//   - 413 for an [*http.MaxBytesError]
//   - 503 for [sessions.ErrUnavailable], and for a request that has timed out
//   - 507 for [sessions.ErrTooLarge]
//   - 500 for any other
func Status(err error) int {
	var tooLong *http.MaxBytesError
	for _, s := range []struct {
		is     bool
		status int
	}{
		{errors.As(err, &tooLong), http.StatusRequestEntityTooLarge},
		{errors.Is(err, ErrCookieKept), http.StatusConflict},
		{errors.Is(err, sessions.ErrUnavailable), http.StatusServiceUnavailable},
		{errors.Is(err, sessions.ErrTooLarge), http.StatusInsufficientStorage},
		{errors.Is(err, sessions.ErrConflict) || errors.Is(err, sessions.ErrNotFound), http.StatusConflict},
		{errors.Is(err, sessions.ErrLimit), http.StatusConflict},
		{errors.Is(err, ErrNoSubject) || errors.Is(err, ErrNotFresh) || errors.Is(err, ErrProof), http.StatusUnauthorized},
		{errors.Is(err, ErrTwoIDs) || errors.Is(err, errForm), http.StatusBadRequest},
		{errors.Is(err, ErrToken) || errors.Is(err, ErrNotBound) || errors.Is(err, sessions.ErrNotBound), http.StatusForbidden},
		{errors.Is(err, context.DeadlineExceeded), http.StatusServiceUnavailable},
	} {
		if s.is {
			return s.status
		}
	}
	return http.StatusInternalServerError
}

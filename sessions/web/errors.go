package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/dynasession/dynasession/sessions"
)

var (
	// ErrNoMiddleware means that the context is not of a request that went through the Middleware's
	// Handler.
	ErrNoMiddleware = errors.New("web: no session in this context: is the Middleware's Handler around this route?")

	// ErrCommitted means that the response has already started, so that the cookie can't be set and
	// later changes are not saved.
	ErrCommitted = errors.New("web: the response has already started")

	// ErrCookieKept means that a change was refused, since storing a new session would replace a
	// cookie which the browser needs. The error says why, and wraps the cause if there is one:
	//
	//   - [sessions.ErrRenewed]: the session goes on under an ID that another request has told the
	//     browser, or is about to. The answer to a form may redirect to itself: the browser comes
	//     back with that ID.
	//   - [sessions.ErrDecode]: the session was written by another version of the application,
	//     which can read it.
	//   - The request comes from another site, and the browser has withheld the cookie that it may
	//     have: see Cookie.SameSite.
	//   - The request came with the IDs of several live sessions, and nothing says which is the
	//     visitor's.
	//   - [sessions.ErrNotBound]: the session is bound to its device, and the request has not
	//     proved that it comes from there: see Config.Bound.
	//   - The form was opened before a login elsewhere in this browser: see [Middleware.Verify].
	//
	// A login is never refused for this.
	ErrCookieKept = errors.New("web: not changed, since the browser's cookie must not be replaced")

	// ErrTwoIDs means that a request carries a session's ID both in the cookie and in
	// Config.Header: no client of either kind does that.
	ErrTwoIDs = errors.New("web: the request carries a session ID in the cookie and in the header")

	// ErrSameCookie means that the Handlers of two Middlewares, one within the other, use the same
	// cookie or the same header: each would overwrite what the other has told the client. Give them
	// different names.
	ErrSameCookie = errors.New("web: two Middlewares around one handler use the same cookie or header")

	// ErrNoSubject means that nobody has signed in, see [Middleware.RequireSubject].
	ErrNoSubject = errors.New("web: nobody has signed in")

	// ErrNotFresh means that the user has signed in too long ago, see [Middleware.RequireFresh].
	ErrNotFresh = errors.New("web: signed in too long ago")

	// ErrNotBound means that the session is not bound to a device, see [Middleware.RequireBound].
	ErrNotBound = errors.New("web: the session is not bound to a device")

	// ErrProof means that a login came with a DPoP proof that does not hold, see Config.Bound.
	ErrProof = errors.New("web: DPoP proof not accepted")

	// ErrToken means that a request has no token, or not its session's: see [Middleware.Verify].
	ErrToken = errors.New("web: not the session's token")

	// errForm is the ErrToken of a body that can't be read as a form. It repeats nothing of it.
	errForm = fmt.Errorf("%w: the posted form is malformed", ErrToken)
)

// Status returns the status that an error of this package, or of a Manager, is answered with by
// default:
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

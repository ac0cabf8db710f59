package web

import (
	"errors"
	"net/http"

	"github.com/dynasession/dynasession/sessions"
)

var (
	// ErrNoMiddleware means that the context is not of a request that went through the Middleware's Handler.
	ErrNoMiddleware = errors.New("web: no session in this context: is the Middleware's Handler around this route?")

	// ErrCommitted means that the answer has begun, so that what was asked for, or changed, can't be any more.
	ErrCommitted = errors.New("web: the answer has begun")

	// ErrNoSubject means that nobody has signed in, see [Middleware.RequireSubject].
	ErrNoSubject = errors.New("web: nobody has signed in")

	// ErrNotFresh means that the user has signed in too long ago, see [Middleware.RequireFresh].
	ErrNotFresh = errors.New("web: signed in too long ago")

	// ErrNotBound means that the session is not bound to its device, see [Middleware.RequireBound]. Where it is bound and
	// the request has not proved that it comes from there, the error is [sessions.ErrNotBound].
	ErrNotBound = errors.New("web: session is not bound to its device")

	// ErrProof means that a login came with a DPoP proof that is not right, see Config.Bound.
	ErrProof = errors.New("web: DPoP proof not accepted")

	// ErrToken means that a request has no token, or not its session's: see [Middleware.Verify].
	ErrToken = errors.New("web: not the session's token")
)

// Status returns the status that an error of this package, or of a Manager, is answered with by default: 503 for
// [sessions.ErrUnavailable], 409 for [sessions.ErrConflict] and for [sessions.ErrNotFound], which a save meets if another request
// has changed the session or ended it meanwhile, 401 for [ErrNoSubject], [ErrNotFresh] and [ErrProof], 403 for [ErrToken], [ErrNotBound] and [sessions.ErrNotBound],
// 500 for any other.
func Status(err error) int {
	switch {
	case errors.Is(err, sessions.ErrUnavailable):
		return http.StatusServiceUnavailable
	case errors.Is(err, sessions.ErrConflict), errors.Is(err, sessions.ErrNotFound):
		return http.StatusConflict
	case errors.Is(err, ErrNoSubject), errors.Is(err, ErrNotFresh), errors.Is(err, ErrProof):
		return http.StatusUnauthorized
	case errors.Is(err, ErrToken), errors.Is(err, ErrNotBound), errors.Is(err, sessions.ErrNotBound):
		return http.StatusForbidden
	default:
		return http.StatusInternalServerError
	}
}

// answer is the default of Config.Error.
func answer(w http.ResponseWriter, r *http.Request, err error) {
	if _, begun := w.(discard); begun {
		logf(r, "%s %s: %v", r.Method, r.URL.EscapedPath(), err)
		return
	}
	status := Status(err)
	http.Error(w, http.StatusText(status), status)
}

// discard is the writer of an answer that has begun already.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             {}

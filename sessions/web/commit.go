package web

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/dynasession/dynasession/sessions"
)

var (
	// errLate is the ErrCommitted that is logged for a change that is not saved.
	errLate = fmt.Errorf("%w: what the handler has changed in the session since is not saved, see Save", ErrCommitted)

	// errHalfDone is logged if a response of 500 saves nothing.
	errHalfDone = fmt.Errorf("%w: it is a 500, and what the handler has changed in the session is not saved, see Save", ErrCommitted)

	// errTooLate is the error of a save after the request's deadline, when another handler has
	// already responded.
	errTooLate = fmt.Errorf("web: the request has timed out, what it has changed in the session is not saved: %w", context.DeadlineExceeded)
)

// commit saves the session and completes the header, once, before the first byte of a response with
// the given status. It reports whether the handler may go on: if not, Config.Error has responded.
func (v *visit[T]) commit(status int) bool {
	if open, goOn := v.isOpen(); !open {
		return goOn
	}
	panics := v.mayBeDeferred(status) && unwinding()
	var failure error
	err := v.turn.run(context.Background(), func() error {
		if open, _ := v.isOpen(); !open {
			return nil
		}
		if failure = v.saveBeforeAnswer(status, panics); failure == nil {
			v.seal()
			return nil
		}
		v.fail()
		return nil
	})
	if err != nil {
		return false
	}
	if failure != nil {
		v.answerError(failure)
		v.mu.Lock()
		v.answered = true
		v.mu.Unlock()
		return false
	}
	_, goOn := v.isOpen()
	return goOn
}

// mayBeDeferred reports whether a response looks like one that a deferred call writes: a
// recoverer's, or the end of a body that is compressed inside of Handler. For others the search for
// a panic would take a third of the request's time.
func (v *visit[T]) mayBeDeferred(status int) bool {
	h := v.w.Header()
	return status < http.StatusOK || status >= http.StatusMultipleChoices || h.Get("Content-Encoding") != "" ||
		slices.ContainsFunc(h["Vary"], func(value string) bool { return strings.Contains(value, "Accept-Encoding") })
}

// isOpen reports whether the response has yet to start, and if it has started, whether it is the
// handler's. If the handler has not asked for the session, isOpen starts the response.
func (v *visit[T]) isOpen() (open, goOn bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.pending = false
	if !v.asked && !v.failed {
		v.sealed = true
	}
	return !v.sealed && !v.failed, !v.failed
}

func (v *visit[T]) fail() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.failed = true
}

// saveBeforeAnswer saves what has changed, unless the handler has left it half done: it panics, or
// the status says so. The caller has the turn.
func (v *visit[T]) saveBeforeAnswer(status int, panics bool) error {
	m := v.middleware
	v.mu.Lock()
	s, deadline, told, unsaved, abandoned, recovered := v.session, v.deadline, v.dealtWith, v.unsaved, v.abandoned, v.recovered
	v.mu.Unlock()
	if s == nil || unsaved || abandoned {
		return nil
	}
	if deadline != nil && timedOut(deadline) != nil && isTimeout(status) {
		v.abandon() // the handler may be changing the session right now
		return nil
	}
	if s.IsNew() && m.isEmpty(s) {
		return nil
	}
	ctx := v.request.Context()
	var halfDone error
	switch {
	case status == http.StatusInternalServerError:
		halfDone = errHalfDone
	case panics && !recovered:
		halfDone = errUnwinding
	}
	if halfDone != nil {
		if v.isChanged(s) {
			m.logAbout(ctx, v.request, s.Handle(), halfDone)
		}
		v.abandon()
		return nil
	}
	if timedOut(ctx) != nil {
		if v.isChanged(s) {
			return errTooLate
		}
		return nil
	}
	err := v.save(ctx, s)
	if err == nil || !v.isChanged(s) {
		return nil // a session that has ended can still be read
	}
	if told != nil || m.config.Error == nil {
		m.log(ctx, v.request, err)
	}
	if told != nil {
		v.abandon()
		return nil // the handler knows the error, and this is its response
	}
	return err
}

// isTimeout reports whether a status is one with which an http.TimeoutHandler, or a similar one,
// responds for a handler that is still running.
func isTimeout(status int) bool {
	return status == http.StatusServiceUnavailable || status == http.StatusGatewayTimeout || status == http.StatusRequestTimeout
}

// save stores s, unless that would replace a cookie that must be kept. It also does so if the
// client has hung up. The caller has the turn.
func (v *visit[T]) save(ctx context.Context, s *sessions.Session[T]) error {
	if s.IsNew() {
		if err := v.keptCookie(); err != nil {
			return err
		}
	}
	ctx, cancel := v.outlive(ctx)
	defer cancel()
	store := v.middleware.manager.Save
	switch {
	case !v.changesCookie(s):
	case v.request.Context().Err() != nil:
		v.keepsCookie(s)
	default:
		store = v.middleware.manager.Renew
	}
	defer v.asStored(s)()
	if err := store(ctx, s); err != nil {
		v.loadAgain(err)
		return err
	}
	v.isStored(s)
	return nil
}

// changesCookie reports whether a save of s has to replace the browser's cookie: the browser is to
// keep it for longer, or no longer. It does so only with a new ID. If another request renews the
// session meanwhile, and this one's response comes last, the old ID would replace the new one.
func (v *visit[T]) changesCookie(s *sessions.Session[T]) bool {
	next := v.middleware.stateOf(s)
	v.mu.Lock()
	defer v.mu.Unlock()
	if s.IsNew() || v.sealed || v.sent.byHeader || v.told.id != v.known {
		return false
	}
	return next.persist != v.told.persist || next.end.After(v.told.end)
}

// keepsCookie undoes a change of Persist that the client can't be told, since it has hung up: with
// a new ID it would be left with a dead one. It is told when it asks again.
func (v *visit[T]) keepsCookie(s *sessions.Session[T]) {
	if v.middleware.config.Cookie.Persistent {
		return // whatever Persist says
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	s.Persist = v.told.persist
}

// settleID saves s now if that gives it a new ID, so that what the handler puts into its page is of
// the ID that the browser has then. The caller has the turn.
func (v *visit[T]) settleID(ctx context.Context, s *sessions.Session[T]) error {
	v.mu.Lock()
	unsaved := v.unsaved || v.abandoned
	v.mu.Unlock()
	if unsaved || timedOut(ctx) != nil || !v.changesCookie(s) || unwinding() {
		return nil
	}
	return v.save(ctx, s)
}

// keptCookie returns why the browser's cookie must not be replaced, nil if it may be.
func (v *visit[T]) keptCookie() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.standing.kept
}

// isChanged reports whether a save of s would store something.
func (v *visit[T]) isChanged(s *sessions.Session[T]) bool {
	if s.IsNew() {
		return !v.middleware.isEmpty(s)
	}
	defer v.asStored(s)()
	return v.middleware.manager.Changed(s)
}

// abandon prevents any later save of the session.
func (v *visit[T]) abandon() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.abandoned = true
}

// finish completes the request after the handler has returned.
func (v *visit[T]) finish() {
	v.mu.Lock()
	failed, sealed, err, hadNone := v.failed, v.sealed, v.err, v.session == nil
	v.mu.Unlock()
	switch {
	case failed:
	case !sealed && v.isWrittenPast():
		v.finishPast()
	case !sealed && err != nil: // it could not get the session, and has not responded
		v.fail()
		v.answerError(err)
	case !sealed:
		v.commit(http.StatusOK)
	case hadNone:
	default:
		v.reportLate()
	}
	v.reportPlainHTTP()
	v.mu.Lock()
	v.over = true
	v.mu.Unlock()
}

// reportLate reports a change that came after the session was saved for the last time.
func (v *visit[T]) reportLate() {
	m := v.middleware
	v.mu.Lock()
	s, settled := v.session, v.abandoned || v.unsaved
	v.mu.Unlock()
	if s == nil || settled {
		return
	}
	late := false
	_ = v.turn.run(context.Background(), func() error {
		late = v.isChanged(s)
		return nil
	})
	switch {
	case !late:
	case m.config.Error == nil:
		m.logAbout(v.request.Context(), v.request, s.Handle(), errLate)
	default:
		m.config.Error(discard{http.Header{}}, v.request, errLate)
	}
}

// answerError makes Config.Error respond in the handler's place. Changes that it makes to the
// session reach the client too.
func (v *visit[T]) answerError(err error) {
	v.resetHeader()
	v.middleware.answer(reply[T]{v}, v.request, err)
}

// answer responds to an error. A Config.Error that writes nothing does not lead to a 200.
func (m *Middleware[T]) answer(w http.ResponseWriter, r *http.Request, err error) {
	if Status(err) == http.StatusUnauthorized && m.config.Header != "" {
		w.Header().Set("WWW-Authenticate", m.challenge(r, err))
	}
	if m.config.Error == nil {
		writeStatus(w, err)
		return
	}
	watch := &watched{ResponseWriter: w}
	m.config.Error(watch, r, err)
	if !watch.begun {
		writeStatus(w, err)
	}
}

// challenge returns the WWW-Authenticate of a 401 response, which RFC 9110 requires; for Bearer in
// the form of RFC 6750.
func (m *Middleware[T]) challenge(r *http.Request, err error) string {
	if !isAuthorization(m.config.Header) {
		return `Session header="` + http.CanonicalHeaderKey(m.config.Header) + `"`
	}
	if r.Header.Get("Authorization") == "" {
		return "Bearer"
	}
	return `Bearer error="invalid_token"`
}

func writeStatus(w http.ResponseWriter, err error) {
	status := Status(err)
	http.Error(w, http.StatusText(status), status)
}

package web

import (
	"fmt"
	"net/http"
)

// errLate is an ErrCommitted for who finds a change that is not saved.
var errLate = fmt.Errorf("%w: what the handler changed in the session since is not saved, see Save", ErrCommitted)

// commit saves the session and completes the header, once, before the first byte. It reports whether the handler may go on: if not,
// Config.Error has answered.
func (v *visit[T]) commit() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.committed {
		return !v.failed
	}
	v.committed = true
	if !v.asked {
		return true
	}
	if v.session != nil && !v.unchanged() {
		if err := v.middleware.manager.Save(v.request.Context(), v.session); err != nil {
			v.fail(err)
			return false
		}
	}
	v.tell()
	v.vary()
	return true
}

// fail answers in the place of the handler, whose header is dropped. What was told of the cookie stays: it has happened.
func (v *visit[T]) fail(err error) {
	v.failed = true
	v.restoreHeader()
	v.tell()
	v.vary()
	v.middleware.config.Error(v.w, v.request, err)
}

// finish is what is left to do when the handler has returned.
func (v *visit[T]) finish() {
	v.mu.Lock()
	begun := v.committed
	if err := v.err; err != nil && !begun { // it was told that there is no session to be had, and has not answered
		v.committed = true
		v.fail(err)
		v.mu.Unlock()
		return
	}
	v.mu.Unlock()
	if !begun {
		v.commit()
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.asked && !v.failed && v.session != nil && !v.unchanged() {
		v.middleware.config.Error(discard{http.Header{}}, v.request, errLate)
	}
}

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
	if v.committed {
		defer v.mu.Unlock()
		return !v.failed
	}
	v.committed = true
	err := v.save()
	v.failed = err != nil
	if v.failed {
		v.restoreHeader() // what was told of the cookie is told again: it has happened
	}
	if v.asked {
		v.tell()
		v.vary()
	}
	v.mu.Unlock()
	if err != nil {
		v.middleware.config.Error(v.w, v.request, err) // which may ask for the session
	}
	return err == nil
}

// save saves what has changed.
func (v *visit[T]) save() error {
	if v.session == nil || v.unchanged() {
		return nil
	}
	if v.unproven() {
		return v.proof.missing
	}
	return v.middleware.manager.Save(v.request.Context(), v.session)
}

// finish is what is left to do when the handler has returned.
func (v *visit[T]) finish() {
	if v.ignored() {
		return
	}
	if v.begun() {
		if v.late() {
			v.middleware.config.Error(discard{http.Header{}}, v.request, errLate)
		}
		return
	}
	v.commit()
}

// ignored answers for a handler that was told that there is no session to be had, and has not answered.
func (v *visit[T]) ignored() bool {
	v.mu.Lock()
	ignored, err := v.err != nil && !v.committed, v.err
	if ignored {
		v.committed, v.failed = true, true
		v.restoreHeader()
		v.vary()
	}
	v.mu.Unlock()
	if ignored {
		v.middleware.config.Error(v.w, v.request, err)
	}
	return ignored
}

func (v *visit[T]) begun() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.committed
}

// late reports whether the session was changed after it was saved for the last time.
func (v *visit[T]) late() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.session != nil && !v.failed && !v.unchanged()
}

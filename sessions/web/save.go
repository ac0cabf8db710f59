package web

import (
	"context"
	"errors"

	"github.com/dynasession/dynasession/sessions"
)

// Save saves the session now, even if it is new and empty, and returns the error that Config.Error
// would otherwise handle. Use it to save changes after the response has started, as in a stream of
// events; for a new session it returns ErrCommitted then. The errors are those of
// [sessions.Manager.Save] and of [Middleware.Session], and [ErrCookieKept].
//
// After an error the handler writes the response: nothing is saved automatically, and Config.Error
// is not called, until a Save, Update, Renew, Authenticate or Discard succeeds. After
// [sessions.ErrConflict] or [sessions.ErrNotFound] the next Session loads the session again.
func (m *Middleware[T]) Save(ctx context.Context) error {
	return m.change(ctx, false, func(v *visit[T], s *sessions.Session[T]) error {
		if s.IsNew() && v.isSealed() {
			return ErrCommitted
		}
		err := v.save(ctx, s)
		if err != nil {
			v.mu.Lock()
			v.unsaved = true
			v.mu.Unlock()
			v.loadAgain(err)
		}
		return err
	})
}

// loadAgain has the next Session load the session again if a save has lost against another request.
func (v *visit[T]) loadAgain(err error) {
	if !errors.Is(err, sessions.ErrConflict) && !errors.Is(err, sessions.ErrNotFound) {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.session, v.unsaved = nil, false
}

// Update calls f to change the session's data, and saves it. If another request has changed the
// session, f is called again with the newly stored data, so that no change is lost: see
// [sessions.Manager.Update], whose errors it returns. It first saves what the handler has changed
// before. For a visitor without a session it calls f once with zero data, and creates a session if
// f changes it. [Middleware.Session] then returns the result.
//
// If f returns an error, Update returns it unchanged. f must not call methods of the Middleware for
// the same request.
func (m *Middleware[T]) Update(ctx context.Context, f func(*T) error) error {
	return m.change(ctx, false, func(v *visit[T], s *sessions.Session[T]) error {
		if s.IsNew() {
			return v.updateNew(ctx, s, f)
		}
		if err := v.save(ctx, s); err != nil {
			return err
		}
		work, cancel := v.outlive(ctx)
		defer cancel()
		updated, err := m.manager.Update(work, s.ID().Secret(), func(data *T) error {
			wasNil := makeMap(data)
			if err := f(data); err != nil {
				return &ownError{err}
			}
			if wasNil {
				emptyToNil(data)
			}
			return nil
		})
		if err != nil {
			return err
		}
		*s = *updated
		v.isStored(s)
		return nil
	})
}

// ownError is an error of the application's function. It says nothing about whether the session
// could be saved.
type ownError struct{ error }

func (v *visit[T]) updateNew(ctx context.Context, s *sessions.Session[T], f func(*T) error) error {
	if err := v.keptCookie(); err != nil {
		return err
	}
	if v.isSealed() {
		return ErrCommitted
	}
	if err := f(&s.Data); err != nil {
		return &ownError{err}
	}
	if v.middleware.isEmpty(s) {
		return nil
	}
	return v.save(ctx, s)
}

// Persist with keep makes the browser keep this session's cookie when it is closed, until the
// session's absolute deadline ("keep me signed in"). Without keep the browser drops the cookie when
// it is closed. The choice is stored with the session, and Renew and Authenticate keep it. It
// doesn't change how long the session lasts: set its timeouts too. Call it before Authenticate. If
// the response has started, it returns ErrCommitted.
//
// A browser's cookie is replaced only by one with a new ID. So if the browser has the session
// already, the save that stores the new choice also renews the session, at the same cost and with
// the same errors as Renew: if another request has renewed the session meanwhile, the error is
// [sessions.ErrRenewed], and the cookie stays as it is. The same holds for a longer AbsoluteTimeout
// of a persistent session. Token and Sessions make that save, so that a page rendered afterwards is
// valid; a token from before is not. For a client that has hung up the session keeps its ID, and
// Persist as it was.
func (m *Middleware[T]) Persist(ctx context.Context, keep bool) error {
	return m.change(ctx, true, func(_ *visit[T], s *sessions.Session[T]) error {
		s.Persist = keep
		return nil
	})
}

// Discard drops the session's unsaved changes. Later changes are saved as usual. Call it in a
// middleware inside of Handler that recovers panics. It makes no store call. The error is
// [ErrNoMiddleware] or [sessions.ErrDecode].
func (m *Middleware[T]) Discard(ctx context.Context) error {
	v, err := m.visit(ctx)
	if err != nil {
		return err
	}
	return v.turn.run(ctx, func() error {
		v.mu.Lock()
		s := v.session
		v.mu.Unlock()
		if s == nil {
			return nil
		}
		if err := v.discard(s); err != nil {
			return err
		}
		recovered := unwinding()
		v.mu.Lock()
		v.unsaved, v.dealtWith, v.recovered = false, nil, v.recovered || recovered
		v.mu.Unlock()
		return nil
	})
}

func (v *visit[T]) discard(s *sessions.Session[T]) error {
	if !s.IsNew() {
		if err := v.middleware.manager.Discard(s); err != nil {
			return err
		}
		v.wasNil = makeMap(&s.Data)
		return nil
	}
	*s = *v.middleware.create()
	return nil
}

// change calls do to change the session. If that changes the cookie, the response must not have
// started. The handler gets its error, so that it isn't reported otherwise.
func (m *Middleware[T]) change(ctx context.Context, cookie bool, do func(*visit[T], *sessions.Session[T]) error) error {
	v, err := m.visit(ctx)
	if err != nil {
		return err
	}
	err = v.turn.run(ctx, func() error {
		if cookie && v.isSealed() {
			return ErrCommitted
		}
		s, err := v.load(ctx)
		if err != nil {
			return err
		}
		if err := timedOut(ctx); err != nil {
			return errTooLate
		}
		return do(v, s)
	})
	var own *ownError
	switch {
	case errors.As(err, &own):
		return own.error
	case errors.Is(err, ErrBusy):
		return err // code within another call gets it, and not the handler
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.dealtWith = err
	return err
}

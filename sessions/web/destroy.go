package web

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/dynasession/dynasession/sessions"
)

// errTooMany is the error of a logout that can't end all sessions whose IDs the request carries.
var errTooMany = fmt.Errorf("web: the request carries more than %d session IDs: not all of their sessions were ended", most)

// Destroy ends the session, without loading it, and deletes the cookie. The next Session returns a
// new one. If the request carries the IDs of several sessions, it ends them all. It completes even
// if the client has hung up, and also works after the response has started. If it returns nil, no
// session whose ID the request carried is alive.
//
// If the store fails, the error is [sessions.ErrUnavailable], the session may still be alive, and
// the client keeps its cookie: tell the user. The error is [ErrCookieKept] if the browser has
// withheld the cookie from a request of another site: then it is unknown which session to end.
func (m *Middleware[T]) Destroy(ctx context.Context) error {
	v, err := m.visit(ctx)
	if err != nil {
		return err
	}
	return v.turn.run(ctx, func() error {
		if err := v.destroy(ctx); err != nil {
			v.mu.Lock()
			v.dealtWith = err
			v.mu.Unlock()
			return err
		}
		v.writeCookie()
		return nil
	})
}

func (v *visit[T]) destroy(ctx context.Context) error {
	v.whatWasSent()
	v.mu.Lock()
	sent, s, st, known := v.sent, v.session, v.standing, v.known
	v.mu.Unlock()
	switch {
	case sent.both:
		return ErrTwoIDs
	case st.detached:
		return st.kept
	case st.withheld, s == nil && len(sent.ids)+len(sent.invalid) == 0 && !sent.byHeader && isWithheld(v.request, v.middleware.config.Cookie.SameSite):
		return fmt.Errorf("%w: the browser has withheld it from a request of another site", ErrCookieKept)
	}
	m, ended := v.middleware.manager, ""
	if s != nil && !s.IsNew() {
		if err := m.Destroy(ctx, s); err != nil {
			return err
		}
		ended = s.ID().Secret()
	}
	// The ID that the client knows goes too. It is not always that of s: a failed Save may have put
	// its session aside.
	gone := known != (sessions.ID{})
	for _, id := range slices.Concat(sent.ids, v.formerIDs()) {
		if id == ended {
			continue
		}
		switch err := m.DestroyID(ctx, id); {
		case err == nil:
			gone = true
		case !errors.Is(err, sessions.ErrInvalidID):
			return err
		}
	}
	if sent.more > 0 {
		return errTooMany
	}
	fresh := v.middleware.create()
	v.mu.Lock()
	defer v.mu.Unlock()
	v.session, v.err, v.standing, v.unsaved = fresh, nil, standing{}, false
	v.known, v.told = sessions.ID{}, clientState{}
	v.cleared = v.cleared || gone
	v.device = deviceProof{began: v.device.began}
	if gone && !v.sealed {
		v.device.lines = v.boundDeletion()
	}
	return nil
}

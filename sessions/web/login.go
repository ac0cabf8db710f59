package web

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/dynasession/dynasession/sessions"
)

// Authenticate binds the session to subject, the user who has just signed in, gives it a new ID and
// a new lifetime, and sets the cookie: see [sessions.Manager.Authenticate], whose errors it
// returns. It succeeds whatever cookies the request carries and whatever concurrent requests do:
// with the ID of a dead session, with a session that was changed or renewed in the meantime, and
// with the IDs of several sessions, which it ends.
//
// The session keeps its data if it belongs to the same user or to a visitor who had not signed in.
// If another user was signed in before, it keeps only what the handler has set in this request:
// fields, map entries, and what it has added to the beginning or the end of a slice. A slice that
// it has changed otherwise is kept whole. A field that it has set to the value that the other
// user's session had is not kept: to keep all that the handler sets, call Destroy and Session
// first.
//
// If the response has started, it does nothing and returns ErrCommitted.
func (m *Middleware[T]) Authenticate(ctx context.Context, subject string) error {
	bind := m.bindsLogin(ctx, subject)
	return m.change(ctx, true, func(v *visit[T], s *sessions.Session[T]) error {
		return v.authenticate(ctx, s, subject, bind)
	})
}

// Renew gives the session a new ID and sets the cookie: see [sessions.Manager.Renew], whose errors
// it returns. If the response has started, it does nothing and returns ErrCommitted.
func (m *Middleware[T]) Renew(ctx context.Context) error {
	return m.change(ctx, true, func(v *visit[T], s *sessions.Session[T]) error {
		if s.IsNew() {
			if err := v.keptCookie(); err != nil {
				return err
			}
		}
		work, cancel := v.outlive(ctx)
		defer cancel()
		if err := m.manager.Renew(work, s); err != nil {
			v.loadAgain(err)
			return err
		}
		v.isStored(s)
		return nil
	})
}

// loginAttempts bounds how often a login begins again because concurrent requests change or renew
// the session.
const loginAttempts = 4

func (v *visit[T]) authenticate(ctx context.Context, s *sessions.Session[T], subject string, bind bool) error {
	ctx, cancel := v.outlive(ctx)
	defer cancel()
	binding, err := v.newBinding(bind)
	if err != nil {
		return err
	}
	before := *s
	err = v.login(ctx, s, subject, binding)
	if err != nil {
		switch {
		case !errors.Is(err, sessions.ErrOutcomeUnknown):
			*s = before
		case s.IsNew() && !before.IsNew():
			// S must keep the state, to resolve it when Authenticate is called again. Until then
			// the browser keeps the session that it has.
			v.mu.Lock()
			v.standing.kept = fmt.Errorf("%w: %w", ErrCookieKept, err)
			v.standing.beside = append(v.standing.beside, before.ID().Secret())
			v.mu.Unlock()
		}
		return err
	}
	v.mu.Lock()
	v.standing = standing{}
	v.handedOut = true
	v.mu.Unlock()
	v.isBinding(s)
	v.isStored(s)
	return nil
}

// login signs in with the data of s. On success s is the session of the login.
func (v *visit[T]) login(ctx context.Context, s *sessions.Session[T], subject string, binding []byte) error {
	m := v.middleware.manager
	v.mu.Lock()
	beside, unproven := v.standing.beside, v.standing.unproven
	v.mu.Unlock()
	beside = append(beside[:len(beside):len(beside)], v.formerIDs()...)
	// The user's own, whose device has lost its key, or another user's, stolen.
	for _, id := range unproven {
		if was, err := m.Follow(ctx, id); err == nil && was.Subject() == subject {
			beside = append(beside, id)
		}
	}
	handlers, from := *s, v.cameFrom()
	if s.IsNew() {
		if v.joins(ctx, s, handlers, subject, binding, v.middleware.recent.get(from, m.Clock().Now())) {
			return nil
		}
		v.takeOver(ctx, s, subject, beside)
	} else if was := s.Subject(); was != "" && was != subject {
		old := s.ID().Secret()
		if err := v.keepOwnChanges(s, true); err != nil {
			return err
		}
		beside = append(beside, old)
	}
	var err error
	for range loginAttempts {
		err = m.AuthenticateBound(ctx, s, subject, binding)
		switch {
		case errors.Is(err, sessions.ErrLimit):
			first := v.middleware.recent.get(from, m.Clock().Now())
			if v.joins(ctx, s, handlers, subject, binding, first) {
				return nil
			}
			others := slices.Clone(beside)
			if first != "" {
				others = append(others, first)
			}
			if !v.makeRoom(ctx, others, subject) {
				return err
			}
		case errors.Is(err, sessions.ErrRevoked):
			return err
		case errors.Is(err, sessions.ErrNotFound), errors.Is(err, sessions.ErrConflict):
			if s.IsNew() {
				return err
			}
			old := s.ID().Secret()
			if err := v.beginAnew(ctx, s, subject, old); err != nil {
				return err
			}
			beside = append(beside, old)
		default:
			if err == nil {
				v.settle(ctx, s, handlers, subject, beside, from)
			}
			return err
		}
	}
	return err
}

// cameFrom returns what identifies the browser of a login: the IDs and form secrets that it has
// sent. A text that can't be an ID identifies none: another application's cookie may have the same
// value in many browsers.
func (v *visit[T]) cameFrom() []string {
	var from []string
	for _, id := range v.whatWasSent().ids {
		if v.middleware.manager.Recognizes(id) {
			from = append(from, id)
		}
	}
	return append(from, v.formSecrets()...)
}

// settle completes a login: it ends the browser's former sessions. If a concurrent request of this
// browser has signed in too, such as the first of two clicks on the login button, settle takes that
// one's session and ends this one's. So both responses give the browser the same ID, and it doesn't
// matter which one arrives last.
func (v *visit[T]) settle(ctx context.Context, s *sessions.Session[T], handlers sessions.Session[T], subject string, beside, from []string) {
	own, now := s.ID().Secret(), v.middleware.manager.Clock().Now()
	first := v.middleware.recent.put(from, own, now)
	if !v.joins(ctx, s, handlers, subject, s.Binding(), first) {
		if first != "" && !slices.Contains(from, first) && v.isAnother(ctx, first, s) {
			beside = append(beside, first)
			from = append(from, first) // the browser may receive that one's response last
		}
		v.middleware.recent.replace(from, own, now)
		v.endBeside(ctx, beside)
		return
	}
	others := []string{own}
	for _, id := range beside {
		if v.isAnother(ctx, id, s) {
			others = append(others, id)
		}
	}
	v.endBeside(ctx, others)
}

// isAnother reports whether an ID is, or was renewed to, that of a session other than s.
func (v *visit[T]) isAnother(ctx context.Context, id string, s *sessions.Session[T]) bool {
	was, err := v.middleware.manager.Follow(ctx, id)
	return err == nil && was.Handle() != s.Handle()
}

// joins makes s the session of a recent login, which has the ID first, with the handler's changes,
// and reports whether it did. It does so if the session is the same user's and the request doesn't
// carry its ID already. A client with both the browser's secret and the user's password could have
// received the first response too. A session that is bound to another client's key would be
// useless, and one from another session of the identity provider's would outlive this login's
// there. If the recent login began without the session that this request came with, that one's data
// is applied too.
func (v *visit[T]) joins(ctx context.Context, s *sessions.Session[T], handlers sessions.Session[T], subject string, binding []byte, first string) bool {
	m := v.middleware.manager
	if first == "" || slices.Contains(v.whatWasSent().ids, first) {
		return false
	}
	found, err := m.Load(ctx, first)
	if err != nil || found.Subject() != subject || !sameClient(found.Binding(), binding) {
		return false
	}
	loaded := handlers
	if handlers.IsNew() || v.middleware.recent.get([]string{handlers.ID().Secret()}, m.Clock().Now()) == first {
		if err := m.Discard(&loaded); err != nil {
			return false
		}
	} else {
		loaded = *v.middleware.create()
	}
	federated := found.Federated
	applyChanges(overlay{}, loaded, handlers, found)
	if found.Federated != federated || m.Save(ctx, found) != nil {
		return false
	}
	*s = *found
	return true
}

// endBeside ends the browser's other sessions. If that fails they live until they idle out, and the
// login still succeeds.
func (v *visit[T]) endBeside(ctx context.Context, ids []string) {
	for _, id := range ids {
		if err := v.middleware.manager.DestroyID(ctx, id); err != nil && !errors.Is(err, sessions.ErrInvalidID) {
			v.middleware.log(ctx, v.request, err)
		}
	}
}

// makeRoom ends those of the browser's other sessions that belong to the user, and reports whether
// there was one: a login in the same browser never exceeds a limit.
func (v *visit[T]) makeRoom(ctx context.Context, ids []string, subject string) bool {
	var own []string
	for _, id := range ids {
		if was, err := v.middleware.manager.Follow(ctx, id); err == nil && was.Subject() == subject {
			own = append(own, id)
		}
	}
	v.endBeside(ctx, own)
	return len(own) > 0
}

// beginAnew makes s a new session for a login whose old session can't be renewed: it has ended, was
// renewed by another request, or was changed in a way that can't be merged. It applies the
// handler's changes to what is stored now.
func (v *visit[T]) beginAnew(ctx context.Context, s *sessions.Session[T], subject, old string) error {
	if err := v.keepOwnChanges(s, false); err != nil {
		return err
	}
	v.takeOver(ctx, s, subject, []string{old})
	return nil
}

// takeOver copies the data of the browser's session that another request has just renewed, such as
// the first click on the login button, into a new session: if it belongs to the user or to nobody.
// The handler's changes stay.
func (v *visit[T]) takeOver(ctx context.Context, s *sessions.Session[T], subject string, ids []string) {
	if len(ids) != 1 {
		return // it is unknown which of several to take
	}
	was, err := v.middleware.manager.Follow(ctx, ids[0])
	if err != nil || was.Subject() != "" && was.Subject() != subject {
		return
	}
	handlers := *s
	*s = *v.middleware.create()
	begun := *s
	s.Data, s.Persist = was.Data, was.Persist
	s.IdleTimeout, s.AbsoluteTimeout = was.IdleTimeout, was.AbsoluteTimeout
	s.Device, s.Federated = was.Device, was.Federated
	applyChanges(overlay{}, begun, handlers, s)
}

// keepOwnChanges makes s a new session with only the handler's changes: the loaded data is another
// user's (fromAnother), or its session has ended.
func (v *visit[T]) keepOwnChanges(s *sessions.Session[T], fromAnother bool) error {
	handlers := *s
	if err := v.middleware.manager.Discard(s); err != nil {
		return err
	}
	loaded := *s
	*s = *v.middleware.create()
	applyChanges(overlay{addedOnly: fromAnother}, loaded, handlers, s)
	return nil
}

package web

import (
	"context"
	"errors"
	"reflect"
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
// If another user was signed in before, it keeps only what the handler has set in this request.
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
			return err
		}
		v.isStored(s)
		return nil
	})
}

// loginAttempts bounds how often a login begins again since other requests change or renew the
// session at the same time.
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
		if !errors.Is(err, sessions.ErrOutcomeUnknown) { // which s has to know of, to find out when it is called again
			*s = before
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

// login signs in with what s holds. On success s is the session of the login.
func (v *visit[T]) login(ctx context.Context, s *sessions.Session[T], subject string, binding []byte) error {
	m := v.middleware.manager
	v.mu.Lock()
	beside, unproven := v.standing.beside, v.standing.unproven
	v.mu.Unlock()
	beside = append(beside[:len(beside):len(beside)], v.formerIDs()...)
	for _, id := range unproven { // the user's own, whose device has lost its key, or one that was stolen from somebody else
		if was, err := m.Follow(ctx, id); err == nil && was.Subject() == subject {
			beside = append(beside, id)
		}
	}
	handlers, from := *s, v.cameFrom()
	if s.IsNew() {
		if v.joins(ctx, s, handlers, subject, v.middleware.recent.get(from, m.Clock().Now())) {
			return nil
		}
		v.takeOver(ctx, s, subject, beside)
	} else if was := s.Subject(); was != "" && was != subject {
		old := s.ID().Secret()
		if err := v.keepOwnChanges(s); err != nil {
			return err
		}
		beside = append(beside, old)
	}
	var err error
	for range loginAttempts {
		err = m.AuthenticateBound(ctx, s, subject, binding)
		switch {
		case errors.Is(err, sessions.ErrLimit):
			if v.joins(ctx, s, handlers, subject, v.middleware.recent.get(from, m.Clock().Now())) {
				return nil
			}
			if !v.makeRoom(ctx, beside, subject) {
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

// cameFrom returns what tells the browser that a login comes from: the IDs and the form secrets that
// it has sent.
func (v *visit[T]) cameFrom() []string {
	return slices.Concat(v.whatWasSent().ids, v.formSecrets())
}

// settle is what is left to do after a login: it ends what the browser had before. If this browser
// has signed in by another request at the same time, as at the second click on the login's button,
// that one's session is taken and this one's is ended: both answers give the browser the same ID,
// and it doesn't matter which of them it gets last.
func (v *visit[T]) settle(ctx context.Context, s *sessions.Session[T], handlers sessions.Session[T], subject string, beside, from []string) {
	own, now := s.ID().Secret(), v.middleware.manager.Clock().Now()
	first := v.middleware.recent.put(from, own, now)
	if !v.joins(ctx, s, handlers, subject, first) {
		if first != "" && !slices.Contains(from, first) {
			beside = append(beside, first)
		}
		v.middleware.recent.replace(from, own, now)
		v.endBeside(ctx, beside)
		return
	}
	others := []string{own}
	for _, id := range beside {
		if was, err := v.middleware.manager.Follow(ctx, id); err == nil && was.Handle() != s.Handle() {
			others = append(others, id) // it leads to another session than the one that is taken
		}
	}
	v.endBeside(ctx, others)
}

// joins makes s the session of the login of a moment ago that has the ID first, with what the
// handler has changed, and reports whether it has: if it is the same user's, and the request has
// not come with it already. Whoever has both the browser's secret and the user's password could have
// had that answer too.
func (v *visit[T]) joins(ctx context.Context, s *sessions.Session[T], handlers sessions.Session[T], subject, first string) bool {
	m := v.middleware.manager
	if first == "" || slices.Contains(v.whatWasSent().ids, first) {
		return false
	}
	found, err := m.Load(ctx, first)
	if err != nil || found.Subject() != subject {
		return false
	}
	loaded := handlers
	if err := m.Discard(&loaded); err != nil {
		return false
	}
	applyChanges(loaded, handlers, found)
	if err := m.Save(ctx, found); err != nil {
		return false
	}
	*s = *found
	return true
}

// endBeside ends the browser's other sessions. If that fails they live on until they idle out, and
// the login holds.
func (v *visit[T]) endBeside(ctx context.Context, ids []string) {
	for _, id := range ids {
		if err := v.middleware.manager.DestroyID(ctx, id); err != nil && !errors.Is(err, sessions.ErrInvalidID) {
			v.middleware.log(ctx, v.request, err)
		}
	}
}

// makeRoom ends those of the browser's other sessions that are the user's own, and reports whether
// there was one: to sign in again in the same browser is within every limit.
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
// renewed by another request, or was changed in a way that can't be merged. What the handler has
// changed goes along, over what is stored now.
func (v *visit[T]) beginAnew(ctx context.Context, s *sessions.Session[T], subject, old string) error {
	if err := v.keepOwnChanges(s); err != nil {
		return err
	}
	v.takeOver(ctx, s, subject, []string{old})
	return nil
}

// takeOver gives a new session what the browser's session holds that another request has renewed a
// moment ago, such as that of a first click on the login's button: if it is the user's own, or
// nobody's. What the handler has set stays.
func (v *visit[T]) takeOver(ctx context.Context, s *sessions.Session[T], subject string, ids []string) {
	if len(ids) != 1 {
		return // of several, nothing says which
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
	applyChanges(begun, handlers, s)
}

// keepOwnChanges makes s a new session, of which it has nothing but what the handler has changed:
// what it was loaded with is another user's, or has ended.
func (v *visit[T]) keepOwnChanges(s *sessions.Session[T]) error {
	handlers := *s
	if err := v.middleware.manager.Discard(s); err != nil {
		return err
	}
	loaded := *s
	*s = *v.middleware.create()
	applyChanges(loaded, handlers, s)
	return nil
}

// applyChanges puts into s what differs between two states of a session.
func applyChanges[T any](from, to sessions.Session[T], s *sessions.Session[T]) {
	data := overlay(reflect.ValueOf(&from.Data).Elem(), reflect.ValueOf(&to.Data).Elem(), reflect.ValueOf(&s.Data).Elem())
	s.Data = data.Interface().(T)
	changed(from.Persist, to.Persist, &s.Persist)
	changed(from.IdleTimeout, to.IdleTimeout, &s.IdleTimeout)
	changed(from.AbsoluteTimeout, to.AbsoluteTimeout, &s.AbsoluteTimeout)
	changed(from.Device, to.Device, &s.Device)
	changed(from.Federated, to.Federated, &s.Federated)
}

func changed[V comparable](from, to V, into *V) {
	if from != to {
		*into = to
	}
}

// overlay returns base with what differs between from and to: fields of structs and members of maps
// each by itself, anything else as a whole.
func overlay(from, to, base reflect.Value) reflect.Value {
	if reflect.DeepEqual(from.Interface(), to.Interface()) {
		return base
	}
	switch t := to.Type(); {
	case t.Kind() == reflect.Struct && isOpen(t):
		out := reflect.New(t).Elem()
		for i := range t.NumField() {
			out.Field(i).Set(overlay(from.Field(i), to.Field(i), base.Field(i)))
		}
		return out
	case t.Kind() == reflect.Map:
		out := reflect.MakeMap(t)
		for key, value := range base.Seq2() {
			if to.MapIndex(key).IsValid() || !from.MapIndex(key).IsValid() {
				out.SetMapIndex(key, value)
			}
		}
		zero := reflect.Zero(t.Elem())
		for key, value := range to.Seq2() {
			was, is := from.MapIndex(key), base.MapIndex(key)
			if !was.IsValid() {
				was = zero
			} else if reflect.DeepEqual(was.Interface(), value.Interface()) {
				continue
			}
			if !is.IsValid() {
				is = zero
			}
			out.SetMapIndex(key, overlay(was, value, is))
		}
		return out
	case t.Kind() == reflect.Interface && !from.IsNil() && !to.IsNil() && from.Elem().Type() == to.Elem().Type():
		within := reflect.Zero(to.Elem().Type())
		if !base.IsNil() && base.Elem().Type() == within.Type() {
			within = base.Elem()
		}
		return overlay(from.Elem(), to.Elem(), within)
	}
	return to
}

// isOpen reports whether all fields of a struct can be set by themselves. Others, such as
// time.Time, are a whole.
func isOpen(t reflect.Type) bool {
	for i := range t.NumField() {
		if !t.Field(i).IsExported() {
			return false
		}
	}
	return true
}

package sessions

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/event"
	"github.com/dynasession/dynasession/sessions/internal/rosters"
)

// Renew gives the session a new ID, which [Session.ID] returns, and saves its data. When it
// returns, the old ID is dead for every Manager. Lifetime and subject stay the same. Call it when
// the session's privileges change (OWASP ASVS 7.2.4); for a login use [Manager.Authenticate]. It
// makes two writes, four if the session has a subject, none if it was never saved. For half an
// hour, Load returns [ErrRenewed] for the old ID.
//
// Once started, Renew completes even if ctx is cancelled. Whatever fails, the session is alive
// under exactly one of the two IDs. Of several concurrent Renews of one session one succeeds. The
// errors are those of [Manager.Save]; on error s keeps its old ID. After [ErrOutcomeUnknown] the
// stored session may have either ID; call Renew again to resolve it.
func (m *Manager[T]) Renew(ctx context.Context, s *Session[T]) error {
	ctx, o := m.observe(ctx, "renew")
	if _, err := m.move(ctx, s, "", nil); err != nil {
		return o.done(eventOf(o, "", s), err)
	}
	return o.done(eventOf(o, event.Renewed, s), nil)
}

// Authenticate binds the session to subject, the user who has just signed in, and gives it a new ID
// and a new lifetime. When it returns the old ID is dead, so an attacker who planted or knew it
// gains nothing (session fixation; OWASP ASVS 7.2.4). It makes one read and two writes, three
// writes for a session that was saved before.
//
// The session keeps its data: if it must not, say because another user was signed in before, clear
// it first. Subject is the application's name for the user: 1 to 1024 bytes of UTF-8; it is stored
// unencrypted.
//
// Once started, Authenticate completes even if ctx is cancelled. The errors are those of
// [Manager.Renew], [ErrLimit], and [ErrRevoked] if the subject's sessions were revoked during the
// login. A revocation that comes last may end the new session without an error here: its next use
// is [ErrNotFound]. On [ErrNotFound], authenticate a session of [Manager.LoadOrCreate].
func (m *Manager[T]) Authenticate(ctx context.Context, s *Session[T], subject string) error {
	return m.AuthenticateBound(ctx, s, subject, nil)
}

// AuthenticateBound is [Manager.Authenticate] for a session that is bound to a device: it also
// stores binding, which is opaque to the Manager. Renew keeps it. [Manager.Bind] changes it, except
// its first 33 bytes. Package web uses it. binding must have at most 1024 bytes.
func (m *Manager[T]) AuthenticateBound(ctx context.Context, s *Session[T], subject string, binding []byte) error {
	ctx, o := m.observe(ctx, "authenticate")
	err := checkSubject(subject)
	if err == nil {
		err = checkBinding(binding)
	}
	evicted := 0
	if err == nil {
		evicted, err = m.move(ctx, s, subject, bytes.Clone(binding))
	}
	if err != nil {
		return o.done(eventOf(o, "", s), err)
	}
	e := eventOf(o, event.Authenticated, s)
	e.Ended = evicted
	return o.done(e, nil)
}

// exchange is a renewal or a login under way. It has three steps: it lists the new key, stores the
// record under it, and marks the old key as renewed, which commits. No client gets the new ID
// before. docs/protocol.md says what can come in between.
type exchange struct {
	subject string // the user who signs in; "": a renewal
	id      ID
	rec     driver.Record // the record under the new key, stored or to be stored
	encoded bool          // see saving
	seen    fingerprint   // of the data that rec has
	inDoubt bool          // a response was lost: it may have committed
	from    string        // the Rev that the old record must have
	marker  driver.Marker // replaces the old record; zero: the old record is deleted
	evicted int
	// Keys of records that other renewals of the session have stored, which can't commit any more
	// once this one has.
	leftOver []string
	logins   logins // of a login
}

// move gives s a new ID; with a subject it is a login. It returns how many sessions were evicted.
func (m *Manager[T]) move(ctx context.Context, s *Session[T], subject string, binding []byte) (evicted int, err error) {
	if err := ctx.Err(); err != nil {
		return 0, unavailable(err)
	}
	if err := usable(s); err != nil {
		return 0, err
	}
	if err := s.check(); err != nil {
		return 0, err
	}
	ctx = context.WithoutCancel(ctx)
	if err := m.finishCorrection(ctx, s); err != nil {
		return 0, err
	}
	if x := s.moving; x != nil {
		err := m.finish(ctx, s)
		switch {
		case err == nil && x.subject == subject:
			return x.evicted, m.save(ctx, s, m.merge) // with the changes since
		case err != nil && !errors.Is(err, driver.ErrExists): // otherwise it begins again
			return 0, err
		}
	}
	if !s.stored {
		if err := m.renewUnsaved(ctx, s); err != nil || subject == "" {
			return 0, err
		}
	}
	for attempt := 0; ; attempt++ {
		if evicted, err = m.exchange(ctx, s, subject, binding); !errors.Is(err, driver.ErrExists) {
			return evicted, err
		}
		if attempt+1 >= createAttempts && !errors.Is(err, errOvertaken) || attempt+1 >= overtakenAttempts {
			break
		}
		if !s.stored {
			s.id = m.ids.New() // the former one is taken
			s.rec.Key = m.ids.Key(s.id)
		}
		if errors.Is(err, errOvertaken) {
			if err := pause(ctx, min(attempt, 4)); err != nil {
				return 0, err
			}
		}
	}
	if errors.Is(err, errOvertaken) {
		err = fmt.Errorf("%w: other requests ended each of %d new IDs before it was stored", ErrConflict, overtakenAttempts)
	}
	return 0, err
}

// renewUnsaved gives a session that was never saved another ID. If a save of it is in doubt, it
// ends the session that the save may have stored.
func (m *Manager[T]) renewUnsaved(ctx context.Context, s *Session[T]) error {
	if len(s.inDoubt) > 0 {
		if _, err := m.rosters.End(ctx, s.rec.Key, driver.Destroyed, nil); err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	s.id, s.unnamed, s.inDoubt = m.ids.New(), nil, nil
	s.rec.Key = m.ids.Key(s.id)
	return nil
}

// exchange begins an exchange of s, and finishes it.
func (m *Manager[T]) exchange(ctx context.Context, s *Session[T], subject string, binding []byte) (evicted int, err error) {
	var logins logins
	if subject != "" {
		// The lists are read first, before anything of the session: see rosters.Login.
		if logins, err = m.openLists(ctx, subject, s.Federated); err != nil {
			return 0, err
		}
	}
	m.correctBegin(s)
	if err := m.notExpired(ctx, s); err != nil {
		return 0, err
	}
	w, err := m.savingOf(s)
	if err != nil {
		return 0, err
	}
	now, correction := m.correctedNow()
	was := s.rec.Accessed
	x := &exchange{subject: subject, id: s.id, rec: s.next(w.payload, now), encoded: w.encoded, seen: fingerprintOf(&s.Data), from: s.rec.Rev}
	if subject != "" {
		x.rec.Subject, x.rec.Created, x.rec.Accessed, x.rec.Device = subject, now, now, s.Device
		x.rec.Application, x.rec.Federated, x.rec.Binding = m.application, s.Federated, binding
		x.rec.Page, x.rec.FederatedPage = 0, 0
	}
	if s.stored {
		x.id = m.ids.New()
		x.rec.Key = m.ids.Key(x.id)
		x.rec.Rev = rosters.RenewalRev(handleOf(s.rec.Key))
		x.marker = rosters.NewMarker(s.rec.Key, driver.Renewed, x.rec.Key, now)
		if x.marker != (driver.Marker{}) {
			x.marker.Rev = rosters.RenewedRev(s.rec.Application)
		}
	}
	x.logins = logins
	if err := m.enterLists(ctx, s, x); err != nil {
		m.leaveLists(ctx, x.rec, "")
		return 0, err
	}
	s.moving = x
	err = m.finish(ctx, s)
	if err == nil && subject == "" {
		m.correctAccess(ctx, s, was, correction)
	}
	return x.evicted, err
}

// finish makes the remaining steps of an exchange, and repeats those whose outcome is unknown: a
// step recognises its earlier attempt. Afterwards s has the new ID, or its old one and no exchange,
// unless the outcome is still unknown. The error is ErrExists if the new key can't be used, so that
// the exchange has to begin again with another.
func (m *Manager[T]) finish(ctx context.Context, s *Session[T]) error {
	x := s.moving
	err := m.store.Create(ctx, x.rec)
	if err == nil && !rosters.IsHash(x.rec.Key) {
		// A revocation that came before could leave no marker that would have refused the record.
		err = x.logins.confirm(ctx)
	}
	if err == nil && s.stored {
		err = m.commit(ctx, s, x)
	}
	if errors.Is(err, ErrOutcomeUnknown) || x.inDoubt && errors.Is(err, ErrUnavailable) {
		x.inDoubt = true
		return err
	}
	s.moving = nil
	if err != nil {
		m.abandon(ctx, x)
		return m.whyEnded(ctx, s, x, err)
	}
	old := s.rec
	s.id = x.id
	if old.Key != x.rec.Key {
		m.leaveRenewed(ctx, old, x.rec)
	}
	for _, key := range x.leftOver {
		_, _ = m.rosters.End(ctx, key, driver.Abandoned, nil) // if it fails, it idles out
	}
	s.Device, s.Federated = x.rec.Device, x.rec.Federated
	s.rec, s.stored, s.written, s.inDoubt, s.seen = x.rec, true, x.encoded, nil, x.seen
	return nil
}

// whyEnded returns the error of an exchange that ended with err. If the new key has a marker,
// another call has ended it, since it was listed. A login that was revoked fails. A renewal begins
// again if the old ID is still alive. If a logout or an eviction ended the new key, the exchange
// had committed before.
func (m *Manager[T]) whyEnded(ctx context.Context, s *Session[T], x *exchange, err error) error {
	var ended *driver.EndedError
	switch {
	case !errors.As(err, &ended), errors.Is(err, errCommit):
		return err
	case ended.Marker.Why == driver.Destroyed, ended.Marker.Why == driver.Evicted:
		return err
	case ended.Marker.Why == driver.Revoked && x.subject != "":
		return ErrRevoked
	}
	if s.stored {
		var old *driver.EndedError
		switch _, loadErr := m.store.Load(ctx, s.rec.Key); {
		case errors.As(loadErr, &old) && old.Marker.Next == x.rec.Key:
			return err // an earlier attempt of ours committed, and the session was ended since
		case loadErr != nil:
			return loadErr
		}
	}
	return errOvertaken
}

// overtakenAttempts bounds how often an exchange begins again because the new ID was ended. Logins
// at a limit may take another for one that broke off, and end it, several times in a row.
const overtakenAttempts = 32

// errOvertaken means that an exchange has to begin again: the new ID was ended before it was
// stored.
var errOvertaken = fmt.Errorf("%w: it has ended", driver.ErrExists)

// errCommit marks an error that concerns the old record, not the new one.
var errCommit = errors.New("the session that was to be renewed")

// commit marks the old record as renewed. If another request has changed it in between, commit
// merges the change into the new record first.
func (m *Manager[T]) commit(ctx context.Context, s *Session[T], x *exchange) error {
	for attempt := 0; ; attempt++ {
		ended, err := m.store.End(ctx, driver.End{Key: s.rec.Key, Marker: x.marker, If: &driver.State{Rev: x.from}})
		if err == nil {
			m.keepBinding(ctx, ended, x)
			m.keepAccess(ctx, ended, x)
			return nil
		}
		if !errors.Is(err, ErrConflict) || attempt == mergeAttempts {
			return fmt.Errorf("%w: %w", errCommit, err)
		}
		found, err := m.store.Load(ctx, s.rec.Key)
		if err != nil {
			return fmt.Errorf("%w: %w", errCommit, err)
		}
		if slices.Contains(s.inDoubt, found.Rev) {
			x.from = found.Rev // an earlier save of ours, which the new record includes
			continue
		}
		if err := m.takeAlong(ctx, s, x, found); err != nil {
			return err
		}
		if err := pause(ctx, attempt); err != nil {
			return err
		}
	}
}

// keepBinding gives the new record the binding that the old one got during the renewal. If that
// fails, the session is like one whose device never registered.
func (m *Manager[T]) keepBinding(ctx context.Context, ended driver.Record, x *exchange) {
	if x.subject != "" || len(ended.Binding) <= driver.FixedBinding || bytes.Equal(ended.Binding, x.rec.Binding) {
		return
	}
	if m.store.Bind(ctx, x.rec.Key, ended.Binding, x.rec.Binding) == nil {
		x.rec.Binding = ended.Binding
	}
}

// keepAccess gives the new record an access that the old one got during the renewal. If that fails,
// it does little harm: the access is lost like one within TouchInterval.
func (m *Manager[T]) keepAccess(ctx context.Context, ended driver.Record, x *exchange) {
	if !ended.Accessed.After(x.rec.Accessed) {
		return
	}
	rec := x.rec
	rec.Accessed = ended.Accessed
	if m.store.Touch(ctx, rec.Key, rec.Accessed, rec.ExpiresAt()) == nil {
		x.rec = rec
	}
}

// takeAlong merges the changes that another request has stored under the old key into the record
// under the new one.
func (m *Manager[T]) takeAlong(ctx context.Context, s *Session[T], x *exchange, found driver.Record) error {
	if len(s.inDoubt) > 0 {
		return ErrConflict // theirs may include an earlier write of ours
	}
	merge := m.merge
	if changed, err := m.savingOf(s); err == nil && !changed.changed {
		merge = takeTheirs[T] // this request has changed nothing
	}
	if err := m.mergeTheirs(ctx, s, found, merge); err != nil {
		return err
	}
	payload, err := m.encode(s.Data, s.rec.Payload)
	if err != nil {
		return err
	}
	next := x.rec
	next.Payload, next.Rev = payload, rosters.RenewalRev(handleOf(s.rec.Key))
	next.IdleTimeout, next.AbsoluteTimeout, next.Persist = s.IdleTimeout, s.AbsoluteTimeout, s.Persist
	if found.Accessed.After(next.Accessed) {
		next.Accessed = found.Accessed // their save was an access too
	}
	if next.Subject != "" && next.Deadline().After(x.rec.Deadline()) {
		if err := m.extendEntries(ctx, &next); err != nil {
			return err
		}
	}
	if err := m.store.Replace(ctx, next, x.rec.Rev); err != nil {
		return err
	}
	x.rec, x.encoded, x.seen, x.from = next, true, fingerprintOf(&s.Data), s.rec.Rev
	return nil
}

// takeTheirs is the merge if our side has changed nothing.
func takeTheirs[T any](_, _, theirs T) (T, error) { return theirs, nil }

// abandon ends the session that a failed exchange may have stored. No client knows its ID; if
// abandon fails too, the session idles out.
func (m *Manager[T]) abandon(ctx context.Context, x *exchange) {
	if _, err := m.rosters.End(ctx, x.rec.Key, driver.Abandoned, nil); err == nil || errors.Is(err, ErrNotFound) {
		m.leaveLists(ctx, x.rec, "")
	}
}

// logins has a login's entries into the subject's list and the federated session's list.
type logins struct{ subject, federated *rosters.Login }

// openLists begins a login in both lists.
func (m *Manager[T]) openLists(ctx context.Context, subject, federated string) (l logins, err error) {
	if l.subject, err = m.rosters.Open(ctx, subjectKey(m.application, subject)); err != nil || federated == "" {
		return l, err
	}
	l.federated, err = m.rosters.Open(ctx, federatedKey(m.application, federated))
	return l, err
}

// confirm returns ErrRevoked if either list was revoked since the login began.
func (l logins) confirm(ctx context.Context) error {
	for _, login := range []*rosters.Login{l.subject, l.federated} {
		if login == nil {
			continue
		}
		if err := login.Confirm(ctx); err != nil {
			return loginError(err)
		}
	}
	return nil
}

// loginError returns the error of a login into a list as this package's.
func loginError(err error) error {
	switch {
	case errors.Is(err, rosters.ErrRevoked):
		return ErrRevoked
	case errors.Is(err, rosters.ErrLimit):
		return fmt.Errorf("%w: %w", ErrLimit, err)
	}
	return err
}

// enterLists lists an exchange's new record, before it is stored.
func (m *Manager[T]) enterLists(ctx context.Context, s *Session[T], x *exchange) (err error) {
	e, l := entryOf(x.rec), x.logins
	replaces := ""
	if s.stored {
		replaces = s.rec.Key
		e.Longer = x.rec.Deadline().After(s.rec.Deadline())
	}
	switch {
	case l.subject != nil:
		limit := rosters.Limit{Max: m.limit.Max, Evict: m.limit.Evict, Lists: func(rec driver.Record) bool {
			return rec.Subject == x.rec.Subject && rec.Application == x.rec.Application
		}}
		if s.stored {
			limit.Confirm = func(ctx context.Context) error {
				// If the session has ended the login fails, and must not evict another.
				_, err := m.store.Load(ctx, s.rec.Key)
				return err
			}
		}
		x.rec.Page, err = l.subject.Enter(ctx, e, replaces, limit)
		x.evicted, x.leftOver = l.subject.Evicted, l.subject.LeftOver
	case x.rec.Subject != "":
		x.rec.Page, err = m.rosters.Move(ctx, subjectKey(x.rec.Application, x.rec.Subject), x.rec.Page, e)
	}
	switch {
	case err != nil || x.rec.Federated == "":
	case l.federated != nil:
		x.rec.FederatedPage, err = l.federated.Enter(ctx, e, replaces, rosters.Limit{})
	case x.rec.Subject != "":
		x.rec.FederatedPage, err = m.rosters.Move(ctx, federatedKey(x.rec.Application, x.rec.Federated), x.rec.FederatedPage, e)
	}
	return loginError(err)
}

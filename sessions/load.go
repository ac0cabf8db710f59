package sessions

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/event"
	"github.com/dynasession/dynasession/sessions/internal/recent"
	"github.com/dynasession/dynasession/sessions/internal/rosters"
)

// createAttempts bounds how often a new ID is replaced because it is taken. With 128 random bits
// that practically never happens.
const createAttempts = 4

// Create returns a new session with a new ID, the Manager's timeouts and zero data. Nothing is
// stored before [Manager.Save]. The ID is made when it is first needed, so a session that is thrown
// away costs next to nothing.
func (m *Manager[T]) Create() *Session[T] {
	now, corrected := m.correctedNow()
	created := &struct { // one allocation
		session Session[T]
		unnamed unnamed
	}{
		session: Session[T]{
			IdleTimeout:     m.idle,
			AbsoluteTimeout: m.absolute,
			corrected:       corrected,
			rec: driver.Record{
				Application: m.application, Created: now, Accessed: now,
				IdleTimeout: m.idle, AbsoluteTimeout: m.absolute,
			},
		},
		unnamed: unnamed{ids: m.ids},
	}
	created.session.unnamed = &created.unnamed
	return &created.session
}

// CreateAndSave creates a session with data and saves it, in one store call.
func (m *Manager[T]) CreateAndSave(ctx context.Context, data T) (*Session[T], error) {
	ctx, o := m.observe(ctx, "create")
	var err error
	for range createAttempts {
		s := m.Create()
		s.Data = data
		if err = m.save(ctx, s, nil); err == nil {
			return s, o.done(eventOf(o, event.Created, s), nil)
		}
		if !errors.Is(err, driver.ErrExists) {
			return nil, o.done(eventOf(o, "", s), err)
		}
	}
	return nil, o.done(event.Event{}, err)
}

// Load returns the session of the ID that a client sent, and records the access if the last
// recorded one is older than Config.TouchInterval. It makes one read, and at most once in that
// interval one write. It is strongly consistent: it doesn't find a session that any Manager has
// ended or renewed before.
//
// The error is [ErrNotFound] if there is no such session, [ErrRenewed] if its ID was exchanged a
// moment ago, [ErrExpired] if a deadline has passed, [ErrInvalidID] if no session can have this ID,
// and [ErrDecode] if its data can't be decoded as a T: the record is then not changed, so another
// version of the application may read it. The first four are all ErrNotFound, by [errors.Is].
func (m *Manager[T]) Load(ctx context.Context, id string) (*Session[T], error) {
	return m.loadAs(ctx, "load", id, true, nil)
}

// Peek is Load without recording the access, so that it doesn't keep the session alive: for polling
// and streams. The session that it returns is read-only: Save, Renew, Authenticate and Bind return
// an error. Destroy ends it.
//
// With Config.PeekFor, Peek may answer from memory, with the session as it was stored at some time
// less than PeekFor before the call. Changes by this Manager, both timeouts and, as for Load,
// RevokeBefore count at once; a change by another Manager, a logout included, is seen at most
// PeekFor later. Only sessions are answered from memory: every error comes from the store. Each
// call decodes the data anew.
func (m *Manager[T]) Peek(ctx context.Context, id string) (*Session[T], error) {
	return m.loadAs(ctx, "peek", id, false, nil)
}

func (m *Manager[T]) loadAs(ctx context.Context, op, id string, access bool, prove func(binding []byte) error) (*Session[T], error) {
	ctx, o := m.observe(ctx, op)
	s, err := m.load(ctx, id, access, prove)
	if errors.Is(err, ErrNotBound) {
		return nil, o.done(eventOf(o, "", s), err) // the event names the session's user
	}
	if err != nil {
		return nil, o.done(event.Event{Handle: sentHandle(id)}, err)
	}
	return s, o.done(eventOf(o, event.Loaded, s), nil)
}

// LoadOrCreate returns the session of the ID that a client sent or, if there is none, a new unsaved
// one. Its ID is always new, never the one that the client sent. If the store fails, or the session
// can't be decoded, it returns an error, not a new session.
func (m *Manager[T]) LoadOrCreate(ctx context.Context, id string) (*Session[T], error) {
	s, err := m.Load(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return m.Create(), nil
	}
	return s, err
}

// load is Load, with the store's own errors. Without access it is Peek. With prove it is LoadBound;
// on ErrNotBound it also returns the session.
func (m *Manager[T]) load(ctx context.Context, text string, access bool, prove func(binding []byte) error) (*Session[T], error) {
	id, err := m.parse(text)
	if err != nil {
		return nil, err
	}
	key := m.ids.Key(id)
	if !access && m.recent != nil && !recent.IsAfresh(ctx) {
		return m.peek(ctx, id, key, prove)
	}
	rec, err := m.store.Load(ctx, key)
	if err != nil {
		return nil, m.own(err)
	}
	return m.loaded(ctx, id, rec, access, prove)
}

// peek is load for a Peek that may be answered from memory. It uses a remembered record only if all
// checks succeed, since another Manager may have recorded an access, or changed the binding, since.
func (m *Manager[T]) peek(ctx context.Context, id ID, key string, prove func(binding []byte) error) (*Session[T], error) {
	rec, remembered, err := m.recent.Peek(ctx, key)
	if err == nil && m.decrypted != nil {
		rec, err = m.decrypted(rec)
	}
	if err != nil {
		return nil, m.own(err)
	}
	s, err := m.loaded(ctx, id, rec, false, prove)
	if err == nil || !remembered || errors.Is(err, ErrUnavailable) {
		return s, err
	}
	if rec, err = m.store.Load(ctx, key); err != nil {
		return nil, m.own(err)
	}
	return m.loaded(ctx, id, rec, false, prove)
}

// own hides from this Manager's application that a session of another one was renewed: it turns
// that error into ErrNotFound.
func (m *Manager[T]) own(err error) error {
	var ended *driver.EndedError
	if errors.As(err, &ended) && ended.Marker.Why == driver.Renewed && rosters.IsForeign(ended.Marker.Rev, m.application) {
		return ErrNotFound
	}
	return err
}

// loaded returns the session of a loaded record, if it is alive for this Manager and the request
// has proved its device.
func (m *Manager[T]) loaded(
	ctx context.Context, id ID, rec driver.Record, access bool, prove func(binding []byte) error,
) (*Session[T], error) {
	now := m.now() // after the call, whose response may have corrected the clock
	if err := m.judge(ctx, rec, now); err != nil {
		return nil, err
	}
	if prove != nil && len(rec.Binding) > 0 {
		if err := prove(rec.Binding); err != nil {
			return &Session[T]{id: id, rec: rec}, fmt.Errorf("%w: %w", ErrNotBound, err)
		}
	}
	data, err := m.decode(rec)
	if err != nil {
		return nil, err
	}
	if access {
		if rec, err = m.recordAccess(ctx, rec, now); err != nil {
			return nil, err
		}
	}
	s := &Session[T]{
		Data: data, IdleTimeout: rec.IdleTimeout, AbsoluteTimeout: rec.AbsoluteTimeout, Persist: rec.Persist,
		Device: rec.Device, Federated: rec.Federated, id: id, rec: rec, stored: true, peeked: !access,
	}
	s.seen = fingerprintOf(&s.Data)
	return s, nil
}

// owns reports whether rec is a session of this Manager's application, or of no application.
func (m *Manager[T]) owns(rec driver.Record) bool {
	return rec.Application == "" || rec.Application == m.application
}

// judge returns the error if the session of rec is dead, or doesn't exist, for this Manager; nil if
// it is alive.
func (m *Manager[T]) judge(ctx context.Context, rec driver.Record, now time.Time) error {
	if !m.owns(rec) {
		return ErrNotFound
	}
	if err := expiryError(rec, now); err != nil {
		return err
	}
	revoked, err := m.revokedBefore(ctx, rec, now)
	if err != nil {
		return err
	}
	if revoked {
		return &driver.EndedError{Marker: driver.Marker{Why: driver.Revoked}}
	}
	return nil
}

// isAlive is judge for counting sessions.
func (m *Manager[T]) isAlive(ctx context.Context, rec driver.Record) (bool, error) {
	err := m.judge(ctx, rec, m.now())
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// isReadable reports whether this binary can read the session of rec, whose payload LoadAll has
// returned.
func (m *Manager[T]) isReadable(ctx context.Context, rec driver.Record) (bool, error) {
	if m.encrypted {
		var err error
		if rec, err = m.store.Load(ctx, rec.Key); errors.Is(err, ErrNotFound) {
			return false, nil
		} else if err != nil {
			return false, err
		}
	}
	_, err := m.decode(rec)
	return err == nil, nil
}

// parse returns the ID with the text that a client sent.
func (m *Manager[T]) parse(text string) (ID, error) {
	id, err := m.ids.Parse(text)
	if err != nil && !errors.Is(err, ErrInvalidID) {
		err = fmt.Errorf("%w: %w", ErrInvalidID, err)
	}
	if err != nil && rosters.IsHash(text) {
		err = fmt.Errorf("%w; this is a handle, and a handle is not an ID: end its session by Revoke with its subject, "+
			"or by `dynasession session end`", err)
	}
	return id, err
}

// Discard resets the session's data, timeouts and Persist to what was last loaded or saved. It
// makes no store call. It resets a session that was never saved to what Create returned. The only
// error is [ErrDecode].
func (m *Manager[T]) Discard(s *Session[T]) error {
	if isForeign(s) {
		return &Error{Op: "discard", Err: errForeignSession}
	}
	var data T
	if s.stored {
		var err error
		if data, err = m.decode(s.rec); err != nil {
			return &Error{Op: "discard", Handle: s.Handle(), Err: err}
		}
	}
	s.Data, s.IdleTimeout, s.AbsoluteTimeout, s.Persist = data, s.rec.IdleTimeout, s.rec.AbsoluteTimeout, s.rec.Persist
	s.Device, s.Federated = s.rec.Device, s.rec.Federated
	return nil
}

// Recognizes reports whether a session can have the ID that a client sent, so that Load would make
// a store call. It makes no store call and reports no event.
func (m *Manager[T]) Recognizes(id string) bool {
	_, err := m.parse(id)
	return err == nil
}

// Follow returns the session that had the given ID, even if its ID was exchanged for others since.
// It is read-only, as [Manager.Peek]'s is. It doesn't reveal the new ID. It is for package web,
// whose logins keep changes that another request made to the browser's session. A caller must have
// authenticated the user, and must compare the Subject. The error is [ErrNotFound] if the session
// has ended.
func (m *Manager[T]) Follow(ctx context.Context, id string) (*Session[T], error) {
	ctx, o := m.observe(ctx, "follow")
	s, err := m.follow(ctx, id)
	if err != nil {
		return nil, o.done(event.Event{Handle: sentHandle(id)}, err)
	}
	return s, o.done(event.Event{Kind: event.Loaded, Handle: handleOf(s.rec.Key), Subject: s.rec.Subject}, nil)
}

func (m *Manager[T]) follow(ctx context.Context, text string) (*Session[T], error) {
	id, err := m.parse(text)
	if err != nil {
		return nil, err
	}
	key := m.ids.Key(id)
	for range mostRenewals {
		rec, err := m.store.Load(ctx, key)
		var ended *driver.EndedError
		if errors.As(err, &ended) && ended.Marker.Next != "" {
			key = ended.Marker.Next
			continue
		}
		if err != nil {
			return nil, err
		}
		if err := m.judge(ctx, rec, m.now()); err != nil {
			return nil, err
		}
		data, err := m.decode(rec)
		if err != nil {
			return nil, err
		}
		return &Session[T]{
			Data: data, IdleTimeout: rec.IdleTimeout, AbsoluteTimeout: rec.AbsoluteTimeout, Persist: rec.Persist,
			Device: rec.Device, Federated: rec.Federated, rec: rec, stored: true, peeked: true,
		}, nil
	}
	return nil, ErrNotFound
}

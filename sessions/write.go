package sessions

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/internal/rosters"
)

var errEncode = errors.New("data can't be encoded")

// encode returns the payload of data. What T doesn't know of the stored payload goes along; a nil
// payload has nothing.
func (m *Manager[T]) encode(data T, stored codec.Payload) (codec.Payload, error) {
	if m.dropUnknown {
		stored = nil
	}
	p, err := codec.EncodeOver(m.codec, data, stored)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errEncode, err)
	}
	if p == nil || p.Format() == "" {
		return nil, fmt.Errorf("%w: the codec %T returned no payload, or one without a format", errEncode, m.codec)
	}
	return p, nil
}

// decode returns the data of a record.
func (m *Manager[T]) decode(rec driver.Record) (T, error) {
	data, err := m.codec.Decode(rec.Payload)
	if err != nil {
		return data, fmt.Errorf("%w: %w", ErrDecode, err)
	}
	return data, nil
}

// saving is what a save of a session stores.
type saving struct {
	payload codec.Payload
	changed bool // the application has changed the session since it was loaded or saved
	encoded bool // the payload's bytes are of this binary
}

// savingOf returns what a save of s stores. That the stored bytes differ from what this binary
// would write is no change: another binary, another codec or another library may have written them.
func (m *Manager[T]) savingOf(s *Session[T]) (saving, error) {
	same := saving{s.rec.Payload, s.settingsChanged(), s.written}
	now := fingerprintOf(&s.Data)
	if s.stored && s.seen.known && now == s.seen {
		return same, nil
	}
	p, err := m.encode(s.Data, s.rec.Payload)
	if err != nil {
		return saving{}, err
	}
	changed := saving{p, true, true}
	switch {
	case !s.stored:
		return changed, nil
	case codec.Equal(p, s.rec.Payload):
		return same, nil
	case s.written, s.seen.known && now.known && now.visible != s.seen.visible:
		return changed, nil
	}
	loaded, err := m.decode(s.rec)
	if err != nil {
		return saving{}, err
	}
	if unchanged, err := m.encode(loaded, s.rec.Payload); err == nil && codec.Equal(unchanged, p) {
		return same, nil
	}
	return changed, nil
}

// settingsChanged reports whether what a save stores beside the data has changed.
func (s *Session[T]) settingsChanged() bool {
	return s.IdleTimeout != s.rec.IdleTimeout || s.AbsoluteTimeout != s.rec.AbsoluteTimeout || s.Persist != s.rec.Persist
}

// Changed reports whether Save would write: the session was never saved, or its data or settings
// have changed since it was loaded or saved. It makes no store call. Data that can't be encoded
// counts as changed.
func (m *Manager[T]) Changed(s *Session[T]) bool {
	if usable(s) != nil {
		return false
	}
	if !s.stored || len(s.inDoubt) > 0 || s.moving != nil || s.settingsChanged() {
		return true
	}
	w, err := m.savingOf(s)
	return err != nil || w.changed
}

// next returns the record that a save at now stores.
func (s *Session[T]) next(payload codec.Payload, now time.Time) driver.Record {
	rec := s.rec
	rec.Payload, rec.Rev = payload, newRev()
	rec.IdleTimeout, rec.AbsoluteTimeout, rec.Persist = s.IdleTimeout, s.AbsoluteTimeout, s.Persist
	if now.After(rec.Accessed) {
		rec.Accessed = now
	}
	return rec
}

// isStored notes that rec, which holds the data of s, is what is stored.
func (m *Manager[T]) isStored(s *Session[T], rec driver.Record, encoded bool) {
	s.rec, s.stored, s.written, s.inDoubt = rec, true, encoded, nil
	s.seen = fingerprintOf(&s.Data)
}

// write stores s, of which w is to be stored, in the place of what is known to be stored, if it has
// changed. Where an earlier write's answer was lost, that one may be what is stored: then its place
// is taken.
func (m *Manager[T]) write(ctx context.Context, s *Session[T], w saving) error {
	m.correctBegin(s)
	if err := m.notExpired(ctx, s); err != nil || !w.changed && len(s.inDoubt) == 0 {
		return err
	}
	rec := s.next(w.payload, m.now())
	if s.stored && rec.Subject != "" && rec.Deadline().After(s.rec.Deadline()) {
		if err := m.extendEntries(ctx, &rec); err != nil {
			return err
		}
	}
	err := m.send(ctx, s, rec, s.rec.Rev)
	if len(s.inDoubt) > 0 && (errors.Is(err, ErrConflict) || errors.Is(err, driver.ErrExists)) {
		found, loadErr := m.store.Load(ctx, s.rec.Key)
		if loadErr != nil {
			return loadErr
		}
		if slices.Contains(s.inDoubt, found.Rev) {
			s.rec, s.seen, s.stored, s.written = found, fingerprint{}, true, true // an earlier write of ours
			err = m.send(ctx, s, rec, found.Rev)
		}
	}
	switch {
	case err == nil:
		created := !s.stored
		m.isStored(s, rec, w.encoded)
		if created {
			err = m.correctStored(ctx, s)
		}
	case errors.Is(err, ErrOutcomeUnknown):
		s.inDoubt = append(slices.Clip(s.inDoubt), rec.Rev)
	}
	return err
}

// send makes the one store call that puts rec where the record of s is, whose Rev is rev.
func (m *Manager[T]) send(ctx context.Context, s *Session[T], rec driver.Record, rev string) error {
	if !s.stored {
		return m.store.Create(ctx, rec)
	}
	return m.store.Replace(ctx, rec, rev)
}

// extendEntries gives a session's entries a later deadline, before its record has it.
func (m *Manager[T]) extendEntries(ctx context.Context, rec *driver.Record) (err error) {
	e := entryOf(*rec)
	if rec.Page, err = m.rosters.Extend(ctx, subjectKey(rec.Application, rec.Subject), rec.Page, e); err != nil || rec.Federated == "" {
		return err
	}
	rec.FederatedPage, err = m.rosters.Extend(ctx, federatedKey(rec.Application, rec.Federated), rec.FederatedPage, e)
	return err
}

// entryOf returns the entry of a record in the lists that it is in.
func entryOf(rec driver.Record) rosters.Entry {
	return rosters.Entry{Key: rec.Key, Deadline: rec.Deadline(), Stale: rec.ExpiresAt()}
}

// correction returns by how much the Manager's clock puts this host's right, as far as it does.
func (m *Manager[T]) correction() time.Duration {
	if c, ok := m.clock.(clock.Corrected); ok {
		return c.Correction()
	}
	return 0
}

// negligibleJump is what is not worth a write.
const negligibleJump = 2 * time.Second

// correctBegin puts right when a session began that was never saved, if the store's answers have
// put the clock right since.
func (m *Manager[T]) correctBegin(s *Session[T]) {
	if s.stored || len(s.inDoubt) > 0 {
		return
	}
	correction := m.correction()
	if jump := correction - s.corrected; jump.Abs() > negligibleJump {
		s.rec.Created, s.rec.Accessed, s.corrected = s.rec.Created.Add(jump), s.rec.Accessed.Add(jump), correction
	}
}

// correctStored puts right the times of a session that was just created, if the answer to that has
// put the clock right: it was the first that this process has got.
func (m *Manager[T]) correctStored(ctx context.Context, s *Session[T]) error {
	jump := m.correction() - s.corrected
	if jump.Abs() <= negligibleJump {
		return nil
	}
	rec := s.rec
	rec.Created, rec.Accessed, rec.Rev = rec.Created.Add(jump), rec.Accessed.Add(jump), newRev()
	if err := m.store.Replace(ctx, rec, s.rec.Rev); err != nil {
		return err
	}
	s.rec = rec
	return nil
}

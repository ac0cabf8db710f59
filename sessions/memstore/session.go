package memstore

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/dynasession/dynasession/sessions/driver"
)

// Create implements [driver.Store].
func (s *Store) Create(ctx context.Context, rec driver.Record) error {
	rec, invalid := stored(rec)
	return s.write(ctx, invalid, func(t *table) error {
		t.saw(rec.Created, rec.Accessed)
		switch e, err := t.find(rec.Key); {
		case e == nil:
			e = &entry{key: rec.Key, record: &rec, expires: rec.ExpiresAt().Unix()}
			t.sessions[rec.Key] = e
			t.records++
			t.queue.add(e)
			return nil
		case err != nil:
			return err
		case isRepeated(e.record, rec):
			return nil
		default:
			return driver.ErrExists
		}
	})
}

// Load implements [driver.Store].
func (s *Store) Load(ctx context.Context, key string) (rec driver.Record, err error) {
	if done := s.read(ctx, nil, func(t *table) { rec, err = t.load(key) }); done != nil {
		return driver.Record{}, done
	}
	return rec, err
}

// LoadAll implements [driver.Store].
func (s *Store) LoadAll(ctx context.Context, keys []string) ([]driver.Loaded, error) {
	loaded := make([]driver.Loaded, len(keys))
	err := s.read(ctx, checkBatch(keys), func(t *table) {
		for i, key := range keys {
			loaded[i].Record, loaded[i].Err = t.load(key)
		}
	})
	if err != nil {
		return nil, err
	}
	return loaded, nil
}

// Replace implements [driver.Store].
func (s *Store) Replace(ctx context.Context, rec driver.Record, rev string) error {
	rec, invalid := stored(rec)
	return s.write(ctx, invalid, func(t *table) error {
		t.saw(rec.Created, rec.Accessed)
		switch e, err := t.find(rec.Key); {
		case err != nil:
			return err
		case isRepeated(e.record, rec):
			return nil
		case e.record.Rev != rev:
			return driver.ErrConflict
		default:
			rec.Binding = e.record.Binding
			*e.record = rec
			t.queue.expire(e, rec.ExpiresAt().Unix())
			return nil
		}
	})
}

// Touch implements [driver.Store].
func (s *Store) Touch(ctx context.Context, key string, accessed, expires time.Time) error {
	invalid := checkYear("accessed", accessed)
	return s.write(ctx, invalid, func(t *table) error {
		accessed := microsecond(accessed)
		switch e, err := t.find(key); {
		case err != nil:
			return err
		case !accessed.After(e.record.Accessed) || expires.Unix() < e.expires:
			return nil
		default:
			t.saw(accessed)
			e.record.Accessed = accessed
			t.queue.expire(e, expires.Unix())
			return nil
		}
	})
}

// Bind implements [driver.Store].
func (s *Store) Bind(ctx context.Context, key string, binding, was []byte) error {
	return s.write(ctx, nil, func(t *table) error {
		switch e, err := t.find(key); {
		case err != nil:
			return err
		case bytes.Equal(e.record.Binding, binding):
			return nil
		case !bytes.Equal(e.record.Binding, was):
			return driver.ErrConflict
		default:
			e.record.Binding = clone(binding)
			return nil
		}
	})
}

// End implements [driver.Store].
func (s *Store) End(ctx context.Context, end driver.End) (driver.Record, error) {
	var ended driver.Record
	marker, invalid := storedMarker(end)
	err := s.write(ctx, invalid, func(t *table) error {
		t.saw(marker.At)
		e, err := t.find(end.Key)
		switch {
		case e != nil && e.marker != nil:
			if e.marker.Rev == marker.Rev {
				return nil // an earlier attempt of this call has left it
			}
			return err
		case !holds(e, end.If):
			if e == nil {
				return driver.ErrNotFound
			}
			return driver.ErrConflict
		}
		if e != nil {
			ended = *e.record
			t.remove(e)
		}
		if marker != (driver.Marker{}) {
			e = &entry{key: end.Key, marker: &marker, expires: marker.Until.Unix()}
			t.sessions[end.Key] = e
			t.queue.add(e)
		}
		return nil
	})
	return ended, err
}

// holds reports whether a key is in the state want. e is its record's entry, nil if there is none.
func holds(e *entry, want *driver.State) bool {
	switch {
	case want == nil:
		return true
	case want.Absent || e == nil:
		return want.Absent && e == nil
	case !want.Accessed.IsZero() && !microsecond(want.Accessed).Equal(e.record.Accessed):
		return false
	default:
		return want.Rev == e.record.Rev
	}
}

// find returns the entry of key, nil if there is none. The error says why it isn't a record.
func (t *table) find(key string) (*entry, error) {
	e, ok := t.sessions[key]
	switch {
	case !ok:
		return nil, driver.ErrNotFound
	case e.marker != nil:
		return e, &driver.EndedError{Marker: *e.marker}
	default:
		return e, nil
	}
}

// load returns a copy of the record of key.
func (t *table) load(key string) (driver.Record, error) {
	e, err := t.find(key)
	if err != nil {
		return driver.Record{}, err
	}
	rec := *e.record
	rec.Binding = clone(rec.Binding)
	return rec, nil
}

// saw notes times that a Manager has written.
func (t *table) saw(times ...time.Time) {
	for _, at := range times {
		t.latest = max(t.latest, at.Unix())
	}
}

// isRepeated reports whether an earlier attempt has written rec already.
func isRepeated(there *driver.Record, rec driver.Record) bool {
	return rec.Rev != "" && there.Rev == rec.Rev
}

// stored returns rec in the precision that every store keeps, and refuses an invalid one.
func stored(rec driver.Record) (driver.Record, error) {
	switch {
	case rec.Key == "":
		return rec, errors.New("Record.Key is empty")
	case rec.Payload == nil:
		return rec, errors.New("Record.Payload is nil")
	case rec.Payload.Format() == "":
		return rec, errors.New("Record.Payload has no format")
	}
	err := errors.Join(checkYear("Record.Created", rec.Created), checkYear("Record.Accessed", rec.Accessed))
	rec.Created, rec.Accessed = microsecond(rec.Created), microsecond(rec.Accessed)
	rec.IdleTimeout = rec.IdleTimeout.Truncate(time.Second)
	rec.AbsoluteTimeout = rec.AbsoluteTimeout.Truncate(time.Second)
	rec.Binding = clone(rec.Binding)
	return rec, err
}

// storedMarker is stored for the marker of end.
func storedMarker(end driver.End) (driver.Marker, error) {
	m := end.Marker
	switch {
	case end.Key == "":
		return m, errors.New("End.Key is empty")
	case m == driver.Marker{}:
		return m, nil
	case m.Rev == "":
		return m, errors.New("End.Marker.Rev is empty")
	}
	err := errors.Join(checkYear("End.Marker.At", m.At), checkYear("End.Marker.Until", m.Until))
	m.At, m.Until = microsecond(m.At), second(m.Until)
	return m, err
}

// clone returns a copy of b, nil if b is empty.
func clone(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return bytes.Clone(b)
}

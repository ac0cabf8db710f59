package storetest

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/sessions/driver"
)

// lab is the store under test, and what a check has written there.
type lab struct {
	ctx   context.Context
	store driver.Store
	begun time.Time // in UTC, to the second

	mu      sync.Mutex
	keys    []string // of every record that a check may have created
	rosters []string // and of every roster
}

// record returns a live record under a fresh key.
func (l *lab) record() driver.Record {
	now := time.Now().UTC().Truncate(time.Microsecond)
	rec := driver.Record{
		Payload:         codec.Opaque("json", []byte(`{"user":"`+token(4)+`"}`)),
		Rev:             token(16),
		Subject:         "subject-" + token(4),
		Created:         now.Add(-time.Hour),
		Accessed:        now.Add(-time.Minute),
		IdleTimeout:     2 * time.Hour,
		AbsoluteTimeout: 12 * time.Hour,
	}
	rec.Key = l.key()
	return rec
}

// full returns a record without an empty field.
func (l *lab) full() driver.Record {
	rec := l.record()
	rec.Binding, rec.Persist = []byte("binding"), true
	rec.Application, rec.Federated, rec.Page, rec.FederatedPage = "shop", "https://idp.example sid", 3, 2
	rec.Device = driver.Device{Name: "Firefox on Linux", IP: "192.0.2.1"}
	return rec
}

// successor returns a record with the same Key and Binding as of that differs in every other field.
func (l *lab) successor(of driver.Record) driver.Record {
	rec := l.record()
	rec.Key, rec.Binding = of.Key, of.Binding
	rec.Created = of.Created.Add(time.Second)
	rec.Accessed = of.Accessed.Add(30 * time.Second)
	rec.IdleTimeout = of.IdleTimeout + time.Hour
	rec.AbsoluteTimeout = of.AbsoluteTimeout + time.Hour
	return rec
}

// key returns a fresh key, as long as real ones.
func (l *lab) key() string {
	k := token(64)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.keys = append(l.keys, k)
	return k
}

// created returns a record that it has stored.
func (l *lab) created() (driver.Record, error) {
	rec := l.record()
	return rec, l.create(rec)
}

func (l *lab) create(rec driver.Record) error {
	return wants("Create", l.store.Create(l.ctx, rec), nil)
}

// touch calls Touch with the times of rec.
func (l *lab) touch(rec driver.Record) error {
	return l.store.Touch(l.ctx, rec.Key, rec.Accessed, rec.ExpiresAt())
}

// marker returns a marker that the store keeps until long after the check.
func (l *lab) marker() driver.Marker {
	now := time.Now().UTC()
	return driver.Marker{
		Why: driver.Destroyed, Rev: token(16), At: now.Truncate(time.Microsecond),
		Until: now.Truncate(time.Second).Add(20 * time.Minute),
	}
}

// end ends the session of key.
func (l *lab) end(key string, m driver.Marker) error {
	_, err := l.store.End(l.ctx, driver.End{Key: key, Marker: m})
	return wants("End", err, nil)
}

// delete deletes the record of key.
func (l *lab) delete(key string) error { return l.end(key, driver.Marker{}) }

// stored checks that Load returns want.
func (l *lab) stored(want driver.Record) error {
	got, err := l.store.Load(l.ctx, want.Key)
	if err := wants("Load", err, nil); err != nil {
		return err
	}
	return differ("a Load", got, want)
}

// absent checks that neither a record nor a marker is stored under key.
func (l *lab) absent(key string) error {
	_, err := l.store.Load(l.ctx, key)
	return first(wants("Load of what should not be there", err, driver.ErrNotFound), isNoMarker(err))
}

func isNoMarker(err error) error {
	if errors.Is(err, driver.ErrEnded) {
		return errors.New("there is a marker where nothing should be")
	}
	return nil
}

// ended checks that Load returns an EndedError with the marker for key.
func (l *lab) ended(key string, want driver.Marker) error {
	_, err := l.store.Load(l.ctx, key)
	return isEnded("Load", err, want)
}

// isEnded checks that an error is an EndedError with the marker.
func isEnded(call string, err error, want driver.Marker) error {
	var ended *driver.EndedError
	if !errors.As(err, &ended) {
		return fmt.Errorf("%s of an ended session: %w, want an *EndedError", call, orNone(err))
	}
	got := ended.Marker
	return differences("an *EndedError has", []difference{
		{"Why", got.Why == want.Why},
		{"Next", got.Next == want.Next},
		{"Rev", got.Rev == want.Rev},
		{"At", sameMoment(got.At, want.At)},
		{"Until", sameMoment(got.Until, want.Until)},
	})
}

// sameMoment reports whether got is want, in UTC.
func sameMoment(got, want time.Time) bool { return got.Equal(want) && got.Location() == time.UTC }

// clean deletes what the check has written, even if its context is done.
func (l *lab) clean() {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(l.ctx), 10*time.Second)
	defer cancel()
	defer func() { _ = recover() }() // the check has seen a store that panics
	for _, k := range l.keys {
		_, _ = l.store.End(ctx, driver.End{Key: k})
	}
	for chunk := range slices.Chunk(l.rosters, driver.MaxBatch) {
		rosters, _ := l.store.LoadRosters(ctx, chunk...)
		for _, r := range rosters {
			if len(r.Entries) > 0 {
				_, _ = l.store.ChangeRoster(ctx, driver.RosterChange{Key: r.Key, Rev: token(16), Leave: entriesOf(r), Expires: r.Expires})
			}
		}
	}
}

// differ returns an error that names the first field in which two records differ, but no value.
func differ(call string, got, want driver.Record) error {
	return differences(call+" returns", append(apartFromPayload(got, want),
		difference{"Payload's format", got.Payload != nil && got.Payload.Format() == want.Payload.Format()},
		difference{"Payload", codec.Equal(got.Payload, want.Payload)},
	))
}

func apartFromPayload(got, want driver.Record) []difference {
	return []difference{
		{"Key", got.Key == want.Key},
		{"Rev", got.Rev == want.Rev},
		{"Subject", got.Subject == want.Subject},
		{"Application", got.Application == want.Application},
		{"Federated", got.Federated == want.Federated},
		{"Device", got.Device == want.Device},
		{"Persist", got.Persist == want.Persist},
		{"Binding", bytes.Equal(got.Binding, want.Binding)},
		{"Page", got.Page == want.Page},
		{"FederatedPage", got.FederatedPage == want.FederatedPage},
		{"Created", sameMoment(got.Created, want.Created)},
		{"Accessed", sameMoment(got.Accessed, want.Accessed)},
		{"IdleTimeout", got.IdleTimeout == want.IdleTimeout},
		{"AbsoluteTimeout", got.AbsoluteTimeout == want.AbsoluteTimeout},
	}
}

// difference is the name of a field, and whether two values have the same there.
type difference struct {
	field string
	same  bool
}

// differences returns an error that names the first field that differs.
func differences(what string, fields []difference) error {
	for _, f := range fields {
		if !f.same {
			return fmt.Errorf("%s another %s than was stored", what, f.field)
		}
	}
	return nil
}

// token returns n random bytes in hexadecimal.
func token(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

package storetest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"sync"
	"time"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/sessions"
)

// lab is what a rule has to work with.
type lab struct {
	ctx   context.Context
	store sessions.Store

	mu   sync.Mutex
	keys []string // of every record that may have come into being
}

// record returns one that is alive, under a key of its own.
func (l *lab) record() sessions.Record {
	now := time.Now().UTC().Truncate(time.Microsecond)
	rec := sessions.Record{
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

// successor returns a record of the same key that differs in all else.
func (l *lab) successor(of sessions.Record) sessions.Record {
	rec := l.record()
	rec.Key = of.Key
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

// created returns a record that is stored.
func (l *lab) created() (sessions.Record, error) {
	rec := l.record()
	return rec, wants("Create", l.store.Create(l.ctx, rec), nil)
}

// stored checks that Load returns want.
func (l *lab) stored(want sessions.Record) error {
	got, err := l.store.Load(l.ctx, want.Key)
	if err := wants("Load", err, nil); err != nil {
		return err
	}
	return differ(got, want)
}

// absent checks that there is no record of key.
func (l *lab) absent(key string) error {
	_, err := l.store.Load(l.ctx, key)
	return wants("Load of what should not be there", err, sessions.ErrNotFound)
}

// clean deletes what the rule has written, even if its context is done.
func (l *lab) clean() {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(l.ctx), 10*time.Second)
	defer cancel()
	for _, k := range l.keys {
		_ = l.store.Delete(ctx, k)
	}
}

// differ names the first field in which two records differ, and no value.
func differ(got, want sessions.Record) error {
	for _, f := range []struct {
		name string
		same bool
	}{
		{"Key", got.Key == want.Key},
		{"Payload's format", got.Payload != nil && got.Payload.Format() == want.Payload.Format()},
		{"Payload", codec.Equal(got.Payload, want.Payload)},
		{"Rev", got.Rev == want.Rev},
		{"Subject", got.Subject == want.Subject},
		{"Device", got.Device == want.Device},
		{"Created", got.Created.Equal(want.Created)},
		{"Accessed", got.Accessed.Equal(want.Accessed)},
		{"IdleTimeout", got.IdleTimeout == want.IdleTimeout},
		{"AbsoluteTimeout", got.AbsoluteTimeout == want.AbsoluteTimeout},
		{"zone of Created", got.Created.Location() == time.UTC},
		{"zone of Accessed", got.Accessed.Location() == time.UTC},
	} {
		if !f.same {
			return fmt.Errorf("a Load returns another %s than was stored", f.name)
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

package memory_test

import (
	"context"
	"crypto/sha512"
	"encoding/hex"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/integration/bench"
	"github.com/dynasession/dynasession/sessions/driver"
)

// payloadBytes is the size of a session's data.
const payloadBytes = 256

// revBytes is the length of a Manager's revs.
const revBytes = 26

var start = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)

// count returns the number of sessions: a million at full size.
func count() int { return sized(1_000_000, 20_000) }

func sized(full, small int) int {
	if bench.Full() {
		return full
	}
	return small
}

// key returns a key like those that a Manager makes.
func key(i int) string {
	sum := sha512.Sum512([]byte(strconv.Itoa(i)))
	return hex.EncodeToString(sum[:])
}

// record returns the record of a visitor who has not signed in, as a Manager stores it. It idles
// out after the given time.
func record(i int, idle time.Duration) driver.Record {
	k := key(i)
	return driver.Record{
		Key: k, Payload: codec.Opaque("json", make([]byte, payloadBytes)), Rev: strings.Clone(k[:revBytes]),
		Created: start, Accessed: start, IdleTimeout: idle, AbsoluteTimeout: 1000 * time.Hour,
	}
}

// store has the methods of a store that are measured.
type store interface {
	Create(ctx context.Context, rec driver.Record) error
	Load(ctx context.Context, key string) (driver.Record, error)
	Replace(ctx context.Context, rec driver.Record, rev string) error
	Touch(ctx context.Context, key string, accessed, expires time.Time) error
}

// oneMap is the simplest store: a map and a mutex. It does not sweep.
type oneMap struct {
	mu      sync.Mutex
	records map[string]driver.Record
}

func newOneMap() *oneMap { return &oneMap{records: map[string]driver.Record{}} }

func (m *oneMap) Create(_ context.Context, rec driver.Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.records[rec.Key]; ok {
		return driver.ErrExists
	}
	m.records[rec.Key] = rec
	return nil
}

func (m *oneMap) Load(_ context.Context, key string) (driver.Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	rec, ok := m.records[key]
	if !ok {
		return driver.Record{}, driver.ErrNotFound
	}
	return rec, nil
}

func (m *oneMap) Replace(_ context.Context, rec driver.Record, rev string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch old, ok := m.records[rec.Key]; {
	case !ok:
		return driver.ErrNotFound
	case old.Rev != rev:
		return driver.ErrConflict
	}
	m.records[rec.Key] = rec
	return nil
}

func (m *oneMap) Touch(_ context.Context, key string, accessed, _ time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	rec, ok := m.records[key]
	if !ok {
		return driver.ErrNotFound
	}
	if rec.Accessed.Before(accessed) {
		rec.Accessed = accessed
		m.records[key] = rec
	}
	return nil
}

// noStore does as much work and makes as much garbage as a store, but has no lock and no records.
// Any waiting in its calls is due to the machine.
type noStore struct {
	last atomic.Pointer[driver.Record]
}

func (n *noStore) work(rec driver.Record) error {
	sum := sha512.Sum512([]byte(rec.Key))
	rec.IdleTimeout = time.Duration(sum[0]) // so that the hash is not optimized away
	n.last.Store(&rec)
	return nil
}

func (n *noStore) Create(_ context.Context, rec driver.Record) error { return n.work(rec) }

func (n *noStore) Load(_ context.Context, key string) (driver.Record, error) {
	rec := driver.Record{Key: key}
	return rec, n.work(rec)
}

func (n *noStore) Replace(_ context.Context, rec driver.Record, _ string) error {
	return n.work(rec)
}

func (n *noStore) Touch(_ context.Context, key string, _, _ time.Time) error {
	return n.work(driver.Record{Key: key})
}

// fill stores n records that do not expire.
func fill(tb testing.TB, s store, n int) {
	tb.Helper()
	for i := range n {
		if err := s.Create(tb.Context(), record(i, 999*time.Hour)); err != nil {
			tb.Fatal(err)
		}
	}
}

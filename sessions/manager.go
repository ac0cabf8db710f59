package sessions

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/event"
	"github.com/dynasession/dynasession/sessions/internal/counting"
	"github.com/dynasession/dynasession/sessions/internal/encrypt"
	"github.com/dynasession/dynasession/sessions/internal/recent"
	"github.com/dynasession/dynasession/sessions/internal/rosters"
)

// Store keeps sessions: see [driver.Store]. Package dynamo has the one for DynamoDB, package
// memstore one in memory.
type Store = driver.Store

// Manager creates, loads, saves and ends sessions whose data is a T. Make one with [New] and share
// it: it is safe for concurrent use. Any number of Managers, in any number of processes, may use
// one store.
//
// Its errors are [*Error]s that wrap one of the errors of this package: test for them with
// [errors.Is]. A method's comment names those that callers handle. In addition, each method that
// calls the store can return [ErrUnavailable].
type Manager[T any] struct {
	store       driver.Store
	codec       codec.Codec[T]
	ids         IDScheme
	clock       clock.Clock
	idle        time.Duration
	absolute    time.Duration
	touch       time.Duration
	merge       mergeFunc[T]
	dropUnknown bool
	application string
	limit       SubjectLimit
	observer    event.Observer
	capacity    bool
	rosters     rosters.Keeper
	encrypted   bool
	touched     *touches
	waits       *waits
	revocations *revocations // nil: it isn't asked for

	recent    *recent.Store                              // below the encryption; nil: Peek asks the store
	decrypted func(driver.Record) (driver.Record, error) // of a record from there; nil: it is not encrypted
}

// New returns a Manager that keeps its sessions in store. A nil cfg means all defaults. The error
// names the field that is wrong and its bound.
func New[T any](store Store, cfg *Config[T]) (*Manager[T], error) {
	if isNil(store) {
		return nil, errors.New("sessions: New: store is nil")
	}
	c := cfg.withDefaults(store)
	if err := c.validate(); err != nil {
		return nil, fmt.Errorf("sessions: New: %w", err)
	}
	m := &Manager[T]{
		codec: c.Codec, ids: c.IDs, clock: c.Clock,
		idle: c.IdleTimeout, absolute: c.AbsoluteTimeout, touch: c.TouchInterval, merge: c.Merge, dropUnknown: c.DropUnknown,
		application: c.Application, limit: c.SubjectLimit,
		observer: c.Observer, capacity: c.ObserveCapacity, encrypted: c.AEAD != nil, touched: &touches{}, waits: &waits{},
		revocations: newRevocations(c.RevocationCheck, c.Application),
	}
	m.stack(counting.New(store), &c)
	m.rosters = rosters.Keeper{
		Store: m.store, Now: m.now, Alive: m.isAlive, Readable: m.isReadable, Pause: pause,
		HeadSize: rosters.DefaultHeadSize, PageSize: rosters.DefaultPageSize,
	}
	return m, nil
}

// stack puts upon the store what the Config asks for. What Peek remembers lies below the encryption,
// so that the memory holds what the table holds.
func (m *Manager[T]) stack(store driver.Store, c *Config[T]) {
	if c.PeekFor > 0 {
		now := func() time.Time { return m.clock.Now().Add(-m.correction()) } // by this host's clock, as its correction may change
		m.recent = recent.New(store, recent.Bounds{For: c.PeekFor, Bytes: c.PeekBytes}, now)
		store = m.recent
	}
	if c.AEAD != nil {
		encrypting := encrypt.New(store, c.AEAD, encrypt.Options{
			AllowPlaintext: c.AllowPlaintext, WritePlaintext: c.WritePlaintext, FormerNames: slices.Clone(c.FormerTables),
		})
		m.decrypted, store = encrypting.Decrypted, encrypting
	}
	m.store = store
}

// isNil also recognises a nil pointer in an interface, which the first call would trip over.
func isNil(store Store) bool {
	if store == nil {
		return true
	}
	v := reflect.ValueOf(store)
	return v.Kind() == reflect.Pointer && v.IsNil()
}

// Clock returns the clock that the Manager uses.
func (m *Manager[T]) Clock() clock.Clock { return m.clock }

// newRev returns a name for one logical write: 128 random bits, so that no two writes ever share
// one.
func newRev() string { return rosters.Rev() }

// unavailable returns the ErrUnavailable of a call that was given up.
func unavailable(err error) error { return fmt.Errorf("%w: %w", ErrUnavailable, err) }

// How calls repeat themselves: after pauses that double from the first to the last bound, each with
// full jitter, so that requests which collided do not collide again.
const (
	minPause = time.Millisecond
	maxPause = 50 * time.Millisecond
)

// pause waits before the attempt that follows.
func pause(ctx context.Context, attempt int) error {
	timer := time.NewTimer(randomUpTo(min(minPause<<min(attempt, 10), maxPause)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return unavailable(ctx.Err())
	}
}

// randomUpTo returns a random duration in [0, bound). The one source of randomness here is
// crypto/rand, so that a weaker one is never at hand.
func randomUpTo(bound time.Duration) time.Duration {
	var b [8]byte
	rand.Read(b[:])
	return time.Duration(binary.BigEndian.Uint64(b[:]) % uint64(bound))
}

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
	revocations *revocations // nil: Config.RevocationCheck is off

	// Below the encryption; nil: Peek asks the store.
	recent *recent.Store
	// Decrypts a record of recent; nil: records are not encrypted.
	decrypted func(driver.Record) (driver.Record, error)
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

// stack wraps the store as the Config requires. The memory of Peek is below the encryption, so that
// it holds records as the table does.
func (m *Manager[T]) stack(store driver.Store, c *Config[T]) {
	if c.PeekFor > 0 {
		// This host's clock: the correction may change.
		now := func() time.Time { return m.clock.Now().Add(-m.correction()) }
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

// isNil also recognises a nil pointer in an interface, with which the first call would panic.
func isNil(part any) bool {
	v := reflect.ValueOf(part)
	return !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil()
}

// Clock returns the clock that the Manager uses.
func (m *Manager[T]) Clock() clock.Clock { return m.clock }

// newRev returns a name for one logical write: 128 random bits, so that no two writes ever share
// one.
func newRev() string { return rosters.Rev() }

// unavailable returns the ErrUnavailable of a call whose context is done.
func unavailable(err error) error { return fmt.Errorf("%w: %w", ErrUnavailable, err) }

// The pauses between a call's attempts: their bound doubles from minPause to maxPause, each with
// full jitter, so that requests that collided don't collide again.
const (
	minPause = time.Millisecond
	maxPause = 50 * time.Millisecond
)

// pause waits before the next attempt.
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

// randomUpTo returns a random duration in [0, bound). This package uses only crypto/rand for
// randomness.
func randomUpTo(bound time.Duration) time.Duration {
	var b [8]byte
	rand.Read(b[:])
	return time.Duration(binary.BigEndian.Uint64(b[:]) % uint64(bound))
}

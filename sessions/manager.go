package sessions

import (
	"crypto/rand"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/codec"
)

// Manager creates, loads, saves and ends sessions whose data is a T. Make one with [New] and share it: it is safe for
// concurrent use. Any number of Managers, in any number of processes, may work on one store.
//
// Its errors are [*Error]s around one of the errors of this package, to be tested with [errors.Is]; a method's comment names
// those that a caller would branch on. Besides, each method that asks the store can fail with [ErrUnavailable].
type Manager[T any] struct {
	store    Store
	codec    codec.Codec[T]
	ids      IDScheme
	clock    clock.Clock
	idle     time.Duration
	absolute time.Duration
	touch    time.Duration
	merge    mergeFunc[T]
	flat     bool         // T is, see isFlat
	rosters  SubjectStore // the store, if it keeps rosters
	limit    SubjectLimit
	observer Observer
	capacity bool
	incident *incident // nil: it isn't asked for
}

// New returns a Manager that keeps its sessions in store. A nil cfg means all defaults. The error names the field that is
// wrong and its bound.
func New[T any](store Store, cfg *Config[T]) (*Manager[T], error) {
	if isNil(store) {
		return nil, errors.New("sessions: New: store is nil")
	}
	c := cfg.withDefaults()
	if err := c.validate(); err != nil {
		return nil, fmt.Errorf("sessions: New: %w", err)
	}
	if err := c.SubjectLimit.validate(store); err != nil {
		return nil, fmt.Errorf("sessions: New: %w", err)
	}
	if c.Observer != nil {
		store = counting(store)
	}
	store = sealing(store, c)
	rosters, _ := store.(SubjectStore)
	return &Manager[T]{
		store: store, codec: c.Codec, ids: c.IDs, clock: c.Clock,
		idle: c.IdleTimeout, absolute: c.AbsoluteTimeout, touch: c.TouchInterval, merge: c.Merge,
		flat: isFlat(reflect.TypeFor[T]()), rosters: rosters, limit: c.SubjectLimit, observer: c.Observer, capacity: c.ObserveCapacity,
		incident: newIncident(c.IncidentCheck),
	}, nil
}

// isNil also recognises a nil pointer in an interface, which the first call would trip over.
func isNil(store Store) bool {
	if store == nil {
		return true
	}
	v := reflect.ValueOf(store)
	return v.Kind() == reflect.Pointer && v.IsNil()
}

// now returns the present moment as it is stored: in UTC, to the microsecond.
func (m *Manager[T]) now() time.Time { return m.clock.Now().UTC().Truncate(time.Microsecond) }

// newRev returns a name for one logical write: 128 random bits, so that no two writes ever share one.
func newRev() string { return rand.Text() }

// failed wraps what a call ran into, once, at the boundary. What is none of this package's errors came from a store that
// could not do its work.
func failed(op, handle string, err error) error {
	for _, known := range []error{
		ErrNotFound, ErrExists, ErrConflict, ErrTooLarge, ErrDecode, ErrUnavailable,
		errEncode, errForeignSession, errTimeout, errSubject, errMerge, errDevice, errNoRosters, errNoIncident,
		ErrLimit,
	} {
		if errors.Is(err, known) {
			return &Error{Op: op, Handle: handle, Err: err}
		}
	}
	return &Error{Op: op, Handle: handle, Err: fmt.Errorf("%w: %w", ErrUnavailable, err)}
}

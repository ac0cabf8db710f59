package memstore

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/sessions/driver"
)

// Config sets up a [Store]. A nil Config is the zero one.
type Config struct {
	// Clock decides which records have expired and may be deleted. A Manager without a clock in its
	// Config uses it too. Defaults to the system's clock, but the store deletes nothing that has
	// not expired at the latest time that a Manager has written: so a Manager with a clock in the
	// past does not lose live sessions.
	Clock clock.Clock
}

// Store is a [driver.Store] in memory. It is safe for concurrent use. When printed, it shows only
// how many sessions it has.
type Store struct {
	clock clock.Clock   // nil: the system's, held back to table.latest
	table func() *table // a function, so that no verb of fmt prints the table
}

var _ driver.Store = (*Store)(nil)

// New returns an empty store.
func New(cfg *Config) *Store {
	t := &table{sessions: map[string]*entry{}, rosters: map[string]*entry{}, latest: math.MinInt64}
	s := &Store{table: func() *table { return t }}
	if cfg != nil {
		s.clock = cfg.Clock
	}
	return s
}

// Clock returns Config.Clock, or the system's clock.
func (s *Store) Clock() clock.Clock {
	if s.clock != nil {
		return s.clock
	}
	return clock.System()
}

// Name returns "", since no other process can reach the records of a memstore.
func (s *Store) Name() string { return "" }

// Len returns the number of records in the store, including expired ones that are not deleted yet,
// but without markers and rosters.
func (s *Store) Len() int {
	t := s.table()
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.records
}

// String returns a text with the number of sessions.
func (s *Store) String() string { return fmt.Sprintf("memstore of %d sessions", s.Len()) }

// GoString returns the same as String.
func (s *Store) GoString() string { return s.String() }

// table is the content of a Store. One lock guards it, which makes each call one atomic step; a
// call holds it for about a microsecond.
type table struct {
	mu       sync.Mutex
	sessions map[string]*entry // records and markers
	rosters  map[string]*entry
	queue    queue // all entries, the next one to look at first
	records  int   // how many of the sessions are records
	latest   int64 // the latest second that a Manager has written
}

// entry is a record, a marker or a roster.
type entry struct {
	key     string
	record  *driver.Record
	marker  *driver.Marker
	roster  *driver.Roster
	expires int64 // the second since 1970 from which it may be swept
	index   int   // in the queue
}

// read calls see with the lock held, unless ctx is done or a call's arguments are invalid.
func (s *Store) read(ctx context.Context, invalid error, see func(*table)) error {
	if err := refused(ctx, invalid); err != nil {
		return err
	}
	t := s.table()
	t.mu.Lock()
	defer t.mu.Unlock()
	see(t)
	return nil
}

// write calls change with the lock held, unless ctx is done or a call's arguments are invalid, and
// sweeps a few entries.
func (s *Store) write(ctx context.Context, invalid error, change func(*table) error) error {
	if err := refused(ctx, invalid); err != nil {
		return err
	}
	t := s.table()
	t.mu.Lock()
	defer t.mu.Unlock()
	err := change(t)
	t.sweep(s.now(t))
	return err
}

// now returns the time by which the store sweeps, in seconds since 1970.
func (s *Store) now(t *table) int64 {
	if s.clock != nil {
		return s.clock.Now().Unix()
	}
	return min(time.Now().Unix(), t.latest)
}

// refused returns the error of a call whose context is done or whose arguments are invalid, or nil.
func refused(ctx context.Context, invalid error) error {
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("%w: %w", driver.ErrUnavailable, ctx.Err())
	case invalid != nil:
		return fmt.Errorf("memstore: %w", invalid)
	default:
		return nil
	}
}

// checkYear refuses a time that some stores can't keep.
func checkYear(field string, t time.Time) error {
	if y := t.UTC().Year(); y < 1 || y > 9999 {
		return fmt.Errorf("%s is in the year %d: must be between 1 and 9999", field, y)
	}
	return nil
}

// checkBatch refuses more than driver.MaxBatch keys and repeated keys, as other stores may.
func checkBatch(keys []string) error {
	if len(keys) > driver.MaxBatch {
		return fmt.Errorf("%d keys in one call: must be at most %d", len(keys), driver.MaxBatch)
	}
	seen := make(map[string]bool, len(keys))
	for _, key := range keys {
		if seen[key] {
			return errors.New("a key is twice in one call: must be different")
		}
		seen[key] = true
	}
	return nil
}

// second returns t in whole seconds, in UTC.
func second(t time.Time) time.Time { return time.Unix(t.Unix(), 0).UTC() }

// microsecond returns t in whole microseconds, in UTC.
func microsecond(t time.Time) time.Time { return time.UnixMicro(t.UnixMicro()).UTC() }

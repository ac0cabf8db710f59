package regional

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/sessions/driver"
)

// Store is a [driver.Store] that wraps one store per Region and uses the home's. Make one with
// [New]. It is safe for concurrent use.
type Store struct {
	stores map[string]driver.Store
	names  []string // of stores, sorted
	config Config
	term   atomic.Pointer[term]
	moving sync.Mutex // held by SetHome
}

var _ driver.Store = (*Store)(nil)

// term is the time during which one Region is home.
type term struct {
	home  string
	store driver.Store // nil: no Region is home
	calls sync.RWMutex // held for reading by each call, and for writing once the term is over
}

// New returns a Store that wraps the stores of the Regions, by the Region's name. With a nil cfg no
// Region is home yet.
func New(stores map[string]driver.Store, cfg *Config) (*Store, error) {
	c := cfg.withDefaults()
	if err := c.validate(stores); err != nil {
		return nil, fmt.Errorf("regional: New: %w", err)
	}
	s := &Store{stores: maps.Clone(stores), names: slices.Sorted(maps.Keys(stores)), config: c}
	s.term.Store(&term{home: c.Home, store: s.stores[c.Home]})
	return s, nil
}

// Home returns the name of the home Region; "" if there is none.
func (s *Store) Home() string { return s.term.Load().home }

// SetHome makes another Region the home, or none if region is "". Later calls go there. It returns
// when this Store's calls in the former home have ended, which that Region's store bounds by its
// timeouts. If region is unknown it returns an error and changes nothing.
//
// It affects only this process: see the package comment for how to move a service.
func (s *Store) SetHome(region string) error {
	if err := checkHome("region", s.stores, region); err != nil {
		return fmt.Errorf("regional: SetHome: %w", err)
	}
	s.moving.Lock()
	defer s.moving.Unlock()
	was := s.term.Swap(&term{home: region, store: s.stores[region]})
	was.calls.Lock() // waits for its calls; a later caller sees that the term is over
	defer was.calls.Unlock()
	return nil
}

// errNoHome is the error of a call while no Region is home.
var errNoHome = fmt.Errorf("%w: no Region is home", driver.ErrUnavailable)

// begin returns the current term. The caller must call calls.RUnlock on it.
func (s *Store) begin() (*term, error) {
	for {
		t := s.term.Load()
		if t.store == nil {
			return nil, errNoHome
		}
		t.calls.RLock()
		if s.term.Load() == t {
			return t, nil
		}
		t.calls.RUnlock()
	}
}

// Create implements [driver.Store] in the home.
func (s *Store) Create(ctx context.Context, rec driver.Record) error {
	t, err := s.begin()
	if err != nil {
		return err
	}
	defer t.calls.RUnlock()
	return t.store.Create(ctx, rec)
}

// Load implements [driver.Store] in the home.
func (s *Store) Load(ctx context.Context, key string) (driver.Record, error) {
	t, err := s.begin()
	if err != nil {
		return driver.Record{}, err
	}
	defer t.calls.RUnlock()
	return t.store.Load(ctx, key)
}

// LoadAll implements [driver.Store] in the home.
func (s *Store) LoadAll(ctx context.Context, keys []string) ([]driver.Loaded, error) {
	t, err := s.begin()
	if err != nil {
		return nil, err
	}
	defer t.calls.RUnlock()
	return t.store.LoadAll(ctx, keys)
}

// Replace implements [driver.Store] in the home.
func (s *Store) Replace(ctx context.Context, rec driver.Record, rev string) error {
	t, err := s.begin()
	if err != nil {
		return err
	}
	defer t.calls.RUnlock()
	return t.store.Replace(ctx, rec, rev)
}

// Touch implements [driver.Store] in the home.
func (s *Store) Touch(ctx context.Context, key string, accessed, expires time.Time) error {
	t, err := s.begin()
	if err != nil {
		return err
	}
	defer t.calls.RUnlock()
	return t.store.Touch(ctx, key, accessed, expires)
}

// Bind implements [driver.Store] in the home.
func (s *Store) Bind(ctx context.Context, key string, binding, was []byte) error {
	t, err := s.begin()
	if err != nil {
		return err
	}
	defer t.calls.RUnlock()
	return t.store.Bind(ctx, key, binding, was)
}

// End implements [driver.Store] in the home, and then copies the marker into the other Regions, so
// that the session stays ended if the home fails before it has replicated the marker. If a Region
// can't be reached for the copy, that is logged and not an error: the session has ended in the
// home. Markers of Abandoned sessions are not copied: a session that has idled out is dead in every
// Region, and no client knows the IDs of the other abandoned ones.
//
// Only markers can be copied like this, since no write follows a marker, so it doesn't matter which
// Region's is later. A copy of a record or a roster would replicate back and undo later writes of
// the home.
func (s *Store) End(ctx context.Context, e driver.End) (driver.Record, error) {
	t, err := s.begin()
	if err != nil {
		return driver.Record{}, err
	}
	defer t.calls.RUnlock()
	was, err := t.store.End(ctx, e)
	marker := e.Marker
	var ended *driver.EndedError
	if errors.As(err, &ended) {
		marker = ended.Marker // left by an earlier call, whose copies may have failed
	} else if err != nil {
		return was, err
	}
	if marker.Why == driver.Abandoned {
		return was, err
	}
	for _, name := range s.names {
		if name != t.home {
			s.copyMarker(ctx, name, e.Key, marker)
		}
	}
	return was, err
}

// copyMarker copies a marker of the home into another Region. A zero marker deletes the record
// there.
func (s *Store) copyMarker(ctx context.Context, region, key string, marker driver.Marker) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.config.CopyTimeout)
	defer cancel()
	_, err := s.stores[region].End(ctx, driver.End{Key: key, Marker: marker})
	if err != nil && !errors.Is(err, driver.ErrNotFound) {
		s.config.Logger.WarnContext(ctx, "regional: the end of a session was not copied: if the home fails before it replicates, the session is alive",
			slog.String("region", region), slog.Any("error", err))
	}
}

// LoadRosters implements [driver.Store] in the home.
func (s *Store) LoadRosters(ctx context.Context, keys ...string) ([]driver.Roster, error) {
	t, err := s.begin()
	if err != nil {
		return nil, err
	}
	defer t.calls.RUnlock()
	return t.store.LoadRosters(ctx, keys...)
}

// ChangeRoster implements [driver.Store] in the home.
func (s *Store) ChangeRoster(ctx context.Context, c driver.RosterChange) (driver.Roster, error) {
	t, err := s.begin()
	if err != nil {
		return driver.Roster{}, err
	}
	defer t.calls.RUnlock()
	return t.store.ChangeRoster(ctx, c)
}

// Clock returns a clock that reads the clock of the current home's store; if there is no home, of
// the first Region by name.
func (s *Store) Clock() clock.Clock { return homeClock{s} }

// Name returns the name of the store in the first Region by name, whichever is home: the tables of
// a global table have one name. If they have different ones and data is encrypted, a new Region
// that comes first needs that name in sessions.Config.FormerTables.
func (s *Store) Name() string { return s.stores[s.names[0]].Name() }

type homeClock struct{ s *Store }

func (c homeClock) of() clock.Clock {
	if t := c.s.term.Load(); t.store != nil {
		return t.store.Clock()
	}
	return c.s.stores[c.s.names[0]].Clock()
}

// Now implements [clock.Clock].
func (c homeClock) Now() time.Time { return c.of().Now() }

// Correction implements [clock.Corrected].
func (c homeClock) Correction() time.Duration {
	if corrected, ok := c.of().(clock.Corrected); ok {
		return corrected.Correction()
	}
	return 0
}

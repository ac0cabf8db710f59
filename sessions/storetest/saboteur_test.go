package storetest_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/memstore"
	"github.com/dynasession/dynasession/sessions/storetest"
)

// saboteur is a store that passes its calls to a good one, except for the functions that are set.
type saboteur struct {
	driver.Store // the good one

	create       func(context.Context, driver.Record) error
	load         func(context.Context, string) (driver.Record, error)
	loadAll      func(context.Context, []string) ([]driver.Loaded, error)
	replace      func(context.Context, driver.Record, string) error
	touch        func(context.Context, string, time.Time, time.Time) error
	bind         func(context.Context, string, []byte, []byte) error
	end          func(context.Context, driver.End) (driver.Record, error)
	loadRosters  func(context.Context, ...string) ([]driver.Roster, error)
	changeRoster func(context.Context, driver.RosterChange) (driver.Roster, error)
	clock        func() clock.Clock
	name         func() string
}

func (s *saboteur) Create(ctx context.Context, rec driver.Record) error {
	if s.create != nil {
		return s.create(ctx, rec)
	}
	return s.Store.Create(ctx, rec)
}

func (s *saboteur) Load(ctx context.Context, key string) (driver.Record, error) {
	if s.load != nil {
		return s.load(ctx, key)
	}
	return s.Store.Load(ctx, key)
}

func (s *saboteur) LoadAll(ctx context.Context, keys []string) ([]driver.Loaded, error) {
	if s.loadAll != nil {
		return s.loadAll(ctx, keys)
	}
	return s.Store.LoadAll(ctx, keys)
}

func (s *saboteur) Replace(ctx context.Context, rec driver.Record, rev string) error {
	if s.replace != nil {
		return s.replace(ctx, rec, rev)
	}
	return s.Store.Replace(ctx, rec, rev)
}

func (s *saboteur) Touch(ctx context.Context, key string, accessed, expires time.Time) error {
	if s.touch != nil {
		return s.touch(ctx, key, accessed, expires)
	}
	return s.Store.Touch(ctx, key, accessed, expires)
}

func (s *saboteur) Bind(ctx context.Context, key string, binding, was []byte) error {
	if s.bind != nil {
		return s.bind(ctx, key, binding, was)
	}
	return s.Store.Bind(ctx, key, binding, was)
}

func (s *saboteur) End(ctx context.Context, e driver.End) (driver.Record, error) {
	if s.end != nil {
		return s.end(ctx, e)
	}
	return s.Store.End(ctx, e)
}

func (s *saboteur) LoadRosters(ctx context.Context, keys ...string) ([]driver.Roster, error) {
	if s.loadRosters != nil {
		return s.loadRosters(ctx, keys...)
	}
	return s.Store.LoadRosters(ctx, keys...)
}

func (s *saboteur) ChangeRoster(ctx context.Context, c driver.RosterChange) (driver.Roster, error) {
	if s.changeRoster != nil {
		return s.changeRoster(ctx, c)
	}
	return s.Store.ChangeRoster(ctx, c)
}

func (s *saboteur) Name() string {
	if s.name != nil {
		return s.name()
	}
	return s.Store.Name()
}

func (s *saboteur) Clock() clock.Clock {
	if s.clock != nil {
		return s.clock()
	}
	return s.Store.Clock()
}

// sabotage is a way to break a store, and the one rule that must catch it.
type sabotage struct {
	name string
	rule string
	by   func(good driver.Store, s *saboteur)
}

// all returns every sabotage.
func all() []sabotage {
	return slices.Concat(createAndLoad(), keeping(), replacing(), touching(), binding(), ending(), marking(),
		rosters(), repeating(), ignoringContexts(), clocks(), racing(), racingRepeats(), racingRosters())
}

func TestSaboteurs_AreCaughtByTheirRuleAlone(t *testing.T) {
	for _, sab := range all() {
		t.Run(sab.rule+"/"+sab.name, func(t *testing.T) {
			t.Parallel() // they mostly wait
			var got string
			var err error
			for range 5 { // a race may not happen every time
				err = storetest.Check(t.Context(), func() driver.Store {
					s := &saboteur{Store: memstore.New(nil)}
					sab.by(s.Store, s)
					return s
				})
				if got = strings.Join(brokenRules(err), ", "); got == sab.rule {
					return
				}
			}
			t.Errorf("rules that are broken: %s\nwant: %s\n%v", got, sab.rule, err)
		})
	}
}

func TestSaboteurs_ThereIsOneForEachRule(t *testing.T) {
	have := map[string]bool{}
	for _, sab := range all() {
		have[sab.rule] = true
	}
	for _, name := range storetest.RuleNames() {
		if !have[name] {
			t.Errorf("no saboteur breaks this rule: %s", name)
		}
		delete(have, name)
	}
	for name := range maps.Keys(have) {
		t.Errorf("there is no rule of this name: %s", name)
	}
}

// brokenRules returns the names of the rules in err, sorted.
func brokenRules(err error) []string {
	var names []string
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		for _, err := range joined.Unwrap() {
			var broken *storetest.RuleError
			if errors.As(err, &broken) {
				names = append(names, broken.Rule)
			}
		}
	}
	slices.Sort(names)
	return names
}

// force stores rec without a condition.
func force(ctx context.Context, store driver.Store, rec driver.Record) error {
	if _, err := store.End(ctx, driver.End{Key: rec.Key}); err != nil {
		return err
	}
	return store.Create(ctx, rec)
}

// phantom returns a record with the required fields only.
func phantom(key string) driver.Record {
	now := time.Now()
	return driver.Record{
		Key: key, Payload: codec.Opaque("json", []byte("null")), Created: now, Accessed: now,
		IdleTimeout: time.Hour, AbsoluteTimeout: time.Hour,
	}
}

// isAbsent reports whether there is neither a record nor a marker.
func isAbsent(err error) bool {
	return errors.Is(err, driver.ErrNotFound) && !errors.Is(err, driver.ErrEnded)
}

// undead keeps records that are revived although their session has ended.
type undead struct {
	mu      sync.Mutex
	records map[string]driver.Record
}

// among makes the store's Load return revived records.
func (u *undead) among(good driver.Store, s *saboteur) {
	s.load = func(ctx context.Context, key string) (driver.Record, error) {
		u.mu.Lock()
		rec, ok := u.records[key]
		u.mu.Unlock()
		if ok {
			return rec, nil
		}
		return good.Load(ctx, key)
	}
}

// revive revives a record.
func (u *undead) revive(rec driver.Record) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.records == nil {
		u.records = map[string]driver.Record{}
	}
	u.records[rec.Key] = rec
	return nil
}

// notes remembers texts.
type notes struct {
	mu   sync.Mutex
	seen map[string]bool
}

// note remembers a text, and reports whether it was known already.
func (n *notes) note(text string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.seen == nil {
		n.seen = map[string]bool{}
	}
	before := n.seen[text]
	n.seen[text] = true
	return before
}

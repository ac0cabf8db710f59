package storetest_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/memstore"
	"github.com/dynasession/dynasession/sessions/storetest"
)

func TestRun_MemstorePasses(t *testing.T) {
	storetest.Run(t, func(*testing.T) driver.Store { return memstore.New(nil) })
}

func TestCheck_OneStoreForAllRules(t *testing.T) {
	is := is.New(t)
	store := memstore.New(nil)
	is.NoErr(storetest.Check(t.Context(), func() driver.Store { return store }))
	is.Equal(store.Len(), 0) // the suite has cleaned up
}

// A Store has no optional interface that a decorator could hide.
func TestCheck_ADecoratorPasses(t *testing.T) {
	type decorator struct{ driver.Store }
	is.New(t).NoErr(storetest.Check(t.Context(), func() driver.Store { return decorator{memstore.New(nil)} }))
}

// With a store that keeps no rosters, a revocation would end nothing.
func TestCheck_AStoreWithoutRostersFails(t *testing.T) {
	for name, noRosters := range map[string]*saboteur{
		"which says so": {
			loadRosters: func(context.Context, ...string) ([]driver.Roster, error) { return nil, errors.ErrUnsupported },
			changeRoster: func(context.Context, driver.RosterChange) (driver.Roster, error) {
				return driver.Roster{}, errors.ErrUnsupported
			},
		},
		"which says nothing": {
			loadRosters: func(_ context.Context, keys ...string) ([]driver.Roster, error) {
				all := make([]driver.Roster, len(keys))
				for i, key := range keys {
					all[i].Key = key
				}
				return all, nil
			},
			changeRoster: func(_ context.Context, c driver.RosterChange) (driver.Roster, error) {
				return driver.Roster{Key: c.Key, Rev: c.Rev, Expires: c.Expires}, nil
			},
		},
		"which does nothing": {
			loadRosters:  func(context.Context, ...string) ([]driver.Roster, error) { return nil, nil },
			changeRoster: func(context.Context, driver.RosterChange) (driver.Roster, error) { return driver.Roster{}, nil },
		},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			noRosters.Store = memstore.New(nil)
			broken := brokenRules(storetest.Check(t.Context(), func() driver.Store { return noRosters }))
			is.True(len(broken) > 0)
			for _, rule := range broken {
				if !strings.HasPrefix(rule, "roster: ") && !strings.HasPrefix(rule, "context: ") {
					t.Errorf("broken too: %s", rule)
				}
			}
		})
	}
}

func TestCheck_NamesTheRuleAndTheSentence(t *testing.T) {
	is := is.New(t)
	err := storetest.Check(t.Context(), func() driver.Store {
		return &saboteur{Store: memstore.New(nil), touch: func(context.Context, string, time.Time, time.Time) error { return errors.New("no") }}
	})
	var broken *storetest.RuleError
	is.True(errors.As(err, &broken))
	is.Equal(broken.Rule, "touch: moves the times")
	is.True(strings.HasPrefix(broken.Error(), "storetest: touch: moves the times: Touch: no, want no error"))
	is.True(strings.Contains(broken.Error(), "Touch records an access: it sets"))
	is.Equal(broken.Unwrap().Error(), "Touch: no, want no error")
}

func TestCheck_ANilStore(t *testing.T) {
	is := is.New(t)
	err := storetest.Check(t.Context(), func() driver.Store { return nil })
	is.True(strings.Contains(err.Error(), "the store is nil"))
}

func TestCheck_AStoreThatPanics(t *testing.T) {
	for name, s := range map[string]*saboteur{
		"Load": {load: func(context.Context, string) (driver.Record, error) { panic("s3cret") }},
		// Cleaning up calls it too.
		"End": {end: func(context.Context, driver.End) (driver.Record, error) { panic("s3cret") }},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			s.Store = memstore.New(nil)
			err := storetest.Check(t.Context(), func() driver.Store { return s })
			is.True(strings.Contains(err.Error(), "panicked with a string"))
			is.True(!strings.Contains(err.Error(), "s3cret"))
		})
	}
}

func TestCheck_AContextThatEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := storetest.Check(ctx, func() driver.Store { return memstore.New(nil) })
	wants.Err(t, err, context.Canceled)
}

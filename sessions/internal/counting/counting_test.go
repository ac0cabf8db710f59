package counting_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/internal/counting"
	"github.com/dynasession/dynasession/sessions/internal/cued"
	"github.com/dynasession/dynasession/sessions/memstore"
)

// calls has each method that calls the store.
var calls = map[string]func(ctx context.Context, s driver.Store) error{
	"Create":  func(ctx context.Context, s driver.Store) error { return s.Create(ctx, driver.Record{Key: "k"}) },
	"Load":    func(ctx context.Context, s driver.Store) error { _, err := s.Load(ctx, "k"); return err },
	"LoadAll": func(ctx context.Context, s driver.Store) error { _, err := s.LoadAll(ctx, []string{"k"}); return err },
	"Replace": func(ctx context.Context, s driver.Store) error { return s.Replace(ctx, driver.Record{Key: "k"}, "") },
	"Touch":   func(ctx context.Context, s driver.Store) error { return s.Touch(ctx, "k", time.Time{}, time.Time{}) },
	"Bind":    func(ctx context.Context, s driver.Store) error { return s.Bind(ctx, "k", nil, nil) },
	"End": func(ctx context.Context, s driver.Store) error {
		_, err := s.End(ctx, driver.End{Key: "k"})
		return err
	},
	"LoadRosters": func(ctx context.Context, s driver.Store) error {
		_, err := s.LoadRosters(ctx, "subject:k")
		return err
	},
	"ChangeRoster": func(ctx context.Context, s driver.Store) error {
		_, err := s.ChangeRoster(ctx, driver.RosterChange{Key: "subject:k"})
		return err
	},
}

func TestCounting_EachCall(t *testing.T) {
	is := is.New(t)
	store := reflect.TypeFor[driver.Store]()
	for i := range store.NumMethod() {
		name := store.Method(i).Name
		is.True(calls[name] != nil || name == "Clock" || name == "Name")
	}
	trace := &driver.Trace{}
	ctx := driver.WithTrace(t.Context(), trace)
	below := cued.New(memstore.New(nil))
	s := counting.New(below)
	n := 0
	for name, call := range calls {
		_ = call(ctx, s)
		n++
		is.Equal(trace.Calls, n)
		is.Equal(below.Took(), []string{name})
		_ = call(t.Context(), s) // without a Trace
		is.Equal(below.Took(), []string{name})
	}
	is.Equal(s.Clock(), below.Clock())
}

// Every error of a store is one of package driver's; an error that package driver doesn't know
// becomes ErrUnavailable.
func TestCounting_ErrorsAreTheDrivers(t *testing.T) {
	below := cued.New(memstore.New(nil))
	s := counting.New(below)
	foreign := errors.New("disk on fire")
	known := []error{
		driver.ErrNotFound, driver.ErrEnded, driver.ErrRenewed, driver.ErrExists, driver.ErrConflict, driver.ErrRoster, driver.ErrFull,
		driver.ErrTooLarge, driver.ErrDecode, driver.ErrUnavailable, driver.ErrOutcomeUnknown,
		&driver.EndedError{Marker: driver.Marker{Why: driver.Revoked, Rev: "r"}},
	}
	for name, call := range calls {
		for _, err := range append(slices.Clone(known), foreign, context.Canceled, context.DeadlineExceeded) {
			t.Run(fmt.Sprint(name, " ", err), func(t *testing.T) {
				below.On("any", func(*cued.Call) error { return err })
				got := call(t.Context(), s)
				wants.Err(t, got, err) // it wraps the cause
				if !slices.Contains(known, err) {
					wants.Err(t, got, driver.ErrUnavailable)
					wants.NotErr(t, got, driver.ErrNotFound)
				} else if got != err {
					t.Errorf("%v became %v", err, got)
				}
			})
		}
		below.On("any", func(c *cued.Call) error {
			c.Loaded, c.Rosters = make([]driver.Loaded, len(c.Keys)), make([]driver.Roster, len(c.Keys))
			return nil
		})
		is.New(t).NoErr(call(t.Context(), s))
	}
}

// forgetful is a store that returns one result, for whatever keys.
type forgetful struct{ driver.Store }

func (forgetful) LoadAll(context.Context, []string) ([]driver.Loaded, error) {
	return make([]driver.Loaded, 1), nil
}

func (forgetful) LoadRosters(context.Context, ...string) ([]driver.Roster, error) {
	return make([]driver.Roster, 1), nil
}

// A store that breaks the contract is an outage, not a panic, and not a list that lacks sessions.
func TestCounting_ResultsForOtherKeys(t *testing.T) {
	is := is.New(t)
	s := counting.New(forgetful{})
	for _, keys := range [][]string{{}, {"a", "b"}} {
		_, err := s.LoadAll(t.Context(), keys)
		wants.Err(t, err, driver.ErrUnavailable)
		_, err = s.LoadRosters(t.Context(), keys...)
		wants.Err(t, err, driver.ErrUnavailable)
		wants.Text(t, err, fmt.Sprintf("1 results for %d keys", len(keys)))
	}
	_, err := s.LoadAll(t.Context(), []string{"a"})
	is.NoErr(err)
}

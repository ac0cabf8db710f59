package storetest_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/memstore"
	"github.com/dynasession/dynasession/sessions/storetest"
)

// saboteur is a store that does its work well, save for the calls that are set.
type saboteur struct {
	sessions.Store
	create  func(context.Context, sessions.Record) error
	load    func(context.Context, string) (sessions.Record, error)
	replace func(context.Context, sessions.Record, string) error
	rename  func(context.Context, string, sessions.Record, string) error
	touch   func(context.Context, string, time.Time, time.Time) error
	remove  func(context.Context, string) error
}

func (s *saboteur) Create(ctx context.Context, rec sessions.Record) error {
	if s.create != nil {
		return s.create(ctx, rec)
	}
	return s.Store.Create(ctx, rec)
}

func (s *saboteur) Load(ctx context.Context, key string) (sessions.Record, error) {
	if s.load != nil {
		return s.load(ctx, key)
	}
	return s.Store.Load(ctx, key)
}

func (s *saboteur) Replace(ctx context.Context, rec sessions.Record, rev string) error {
	if s.replace != nil {
		return s.replace(ctx, rec, rev)
	}
	return s.Store.Replace(ctx, rec, rev)
}

func (s *saboteur) Rename(ctx context.Context, from string, rec sessions.Record, rev string) error {
	if s.rename != nil {
		return s.rename(ctx, from, rec, rev)
	}
	return s.Store.Rename(ctx, from, rec, rev)
}

func (s *saboteur) Touch(ctx context.Context, key string, accessed, expires time.Time) error {
	if s.touch != nil {
		return s.touch(ctx, key, accessed, expires)
	}
	return s.Store.Touch(ctx, key, accessed, expires)
}

func (s *saboteur) Delete(ctx context.Context, key string) error {
	if s.remove != nil {
		return s.remove(ctx, key)
	}
	return s.Store.Delete(ctx, key)
}

// sabotage is a way to break a store, and the rules that have to say so: those and no others, save one that a race may show too.
type sabotage struct {
	rules   string
	by      func(good sessions.Store, s *saboteur)
	perhaps string
}

// caught checks that each sabotage is named by its rules alone.
func caught(t *testing.T, all map[string]sabotage) {
	t.Helper()
	for name, sab := range all {
		t.Run(name, func(t *testing.T) {
			var got string
			var err error
			for range 3 { // a race that was not run into may be the next time
				err = storetest.Check(t.Context(), func() sessions.Store {
					good := memstore.New(nil)
					s := &saboteur{Store: good}
					sab.by(good, s)
					return s
				})
				broken := slices.DeleteFunc(brokenRules(err), func(name string) bool { return name == sab.perhaps })
				if got = strings.Join(broken, ", "); got == sab.rules {
					return
				}
			}
			t.Errorf("rules that are broken: %s\nwant: %s\n%v", got, sab.rules, err)
		})
	}
}

// brokenRules returns the names of the rules that err tells of, sorted.
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

// force stores rec whatever is there.
func force(ctx context.Context, store sessions.Store, rec sessions.Record) error {
	if err := store.Delete(ctx, rec.Key); err != nil {
		return err
	}
	return store.Create(ctx, rec)
}

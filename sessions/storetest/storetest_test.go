package storetest_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/memstore"
	"github.com/dynasession/dynasession/sessions/storetest"
)

func TestRun_MemstorePasses(t *testing.T) {
	storetest.Run(t, func(*testing.T) sessions.Store { return memstore.New(nil) })
}

func TestCheck_OneStoreForAllRules(t *testing.T) {
	is := is.New(t)
	store := memstore.New(nil)
	is.NoErr(storetest.Check(t.Context(), func() sessions.Store { return store }))
	is.Equal(store.Len(), 0) // it cleans up
}

func TestCheck_NamesTheRuleAndTheSentence(t *testing.T) {
	is := is.New(t)
	err := storetest.Check(t.Context(), func() sessions.Store {
		return &saboteur{Store: memstore.New(nil), remove: func(context.Context, string) error { return errors.New("no") }}
	})
	var broken *storetest.RuleError
	is.True(errors.As(err, &broken))
	is.Equal(broken.Rule, "delete: removes")
	is.True(strings.HasPrefix(broken.Error(), "storetest: delete: removes: Delete: no, want no error"))
	is.True(strings.Contains(broken.Error(), "Delete removes the record of key."))
}

func TestCheck_ANilStore(t *testing.T) {
	is := is.New(t)
	err := storetest.Check(t.Context(), func() sessions.Store { return nil })
	is.True(strings.Contains(err.Error(), "the store is nil"))
}

func TestCheck_AStoreThatPanics(t *testing.T) {
	is := is.New(t)
	err := storetest.Check(t.Context(), func() sessions.Store {
		return &saboteur{Store: memstore.New(nil), load: func(context.Context, string) (sessions.Record, error) { panic("s3cret") }}
	})
	is.True(strings.Contains(err.Error(), "panicked with a string"))
	is.True(!strings.Contains(err.Error(), "s3cret"))
}

func TestCheck_AContextThatEnds(t *testing.T) {
	is := is.New(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := storetest.Check(ctx, func() sessions.Store { return memstore.New(nil) })
	is.True(errors.Is(err, context.Canceled))
}

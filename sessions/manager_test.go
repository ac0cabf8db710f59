package sessions_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/memstore"
)

func TestNewRefusesANilStore(t *testing.T) {
	is := is.New(t)
	for _, store := range []sessions.Store{nil, (*memstore.Store)(nil)} {
		m, err := sessions.New[cart](store, nil)
		is.True(err != nil)
		is.True(strings.Contains(err.Error(), "store is nil"))
		is.True(m == nil)
	}
}

func TestManagerShowsNoKey(t *testing.T) {
	is := is.New(t)
	m, err := sessions.New(memstore.New(nil), &sessions.Config[cart]{IDs: sessions.SignedIDs(32, newKey)})
	is.NoErr(err)
	for _, verb := range verbs {
		shows(t, string(newKey), fmt.Sprintf(verb, m), "a Manager printed with %s", verb)
		shows(t, string(newKey), fmt.Sprintf(verb, *m), "a copied Manager printed with %s", verb)
	}
}

// A store of somebody else's may return errors that are none of ours: they mean that it could not do its work.
func TestForeignStoreErrorsAreUnavailable(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{})
	broken := errors.New("disk on fire")
	w.store.load = func(ctx ctx, key string) (driver.Record, error) { return driver.Record{}, broken }
	_, err := w.Load(t.Context(), s.ID().Secret())
	is.True(errors.Is(err, sessions.ErrUnavailable))
	is.True(errors.Is(err, broken)) // and the cause is in reach
	is.True(!errors.Is(err, sessions.ErrNotFound))
}

package sessions_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/internal/cued"
	"github.com/dynasession/dynasession/sessions/memstore"
)

func TestNewRefusesANilStore(t *testing.T) {
	is := is.New(t)
	for _, store := range []sessions.Store{nil, (*memstore.Store)(nil)} {
		m, err := sessions.New[cart](store, nil)
		is.True(err != nil)
		wants.Text(t, err, "store is nil")
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

// Another store may return errors of its own: they mean that it could not do its work.
func TestForeignStoreErrorsAreUnavailable(t *testing.T) {
	w := newWorld(t, nil)
	s := w.saved(t, cart{})
	broken := errors.New("disk on fire")
	w.store.On("Load", func(*cued.Call) error { return broken })
	_, err := w.Load(t.Context(), s.ID().Secret())
	wants.Err(t, err, sessions.ErrUnavailable)
	wants.Err(t, err, broken) // it wraps the cause
	wants.NotErr(t, err, sessions.ErrNotFound)
}

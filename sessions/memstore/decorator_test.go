package memstore_test

import (
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/memstore"
)

// wrapped is a decorator of a store that adds nothing. It would hide an optional interface, and
// then a revocation would end nothing and return no error.
type wrapped struct{ driver.Store }

func TestADecoratedStoreRevokes(t *testing.T) {
	is := is.New(t)
	store := memstore.New(nil)
	direct, err := sessions.New[int](store, nil)
	is.NoErr(err)
	decorated, err := sessions.New[int](wrapped{store}, nil)
	is.NoErr(err)
	var all []*sessions.Session[int]
	for i, m := range []*sessions.Manager[int]{direct, decorated, direct, decorated} {
		s := m.Create()
		s.Data = i
		is.NoErr(m.Authenticate(t.Context(), s, "alice"))
		all = append(all, s)
	}
	infos, err := decorated.Sessions(t.Context(), "alice")
	is.NoErr(err)
	is.Equal(len(infos), len(all))

	n, err := decorated.RevokeAll(t.Context(), "alice")
	is.NoErr(err)
	is.Equal(n, len(all))
	for _, s := range all {
		for _, m := range []*sessions.Manager[int]{direct, decorated} {
			_, err := m.Load(t.Context(), s.ID().Secret())
			wants.Err(t, err, sessions.ErrNotFound)
		}
	}
	is.Equal(store.Len(), 0)
}

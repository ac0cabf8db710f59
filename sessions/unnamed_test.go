package sessions_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/memstore"
)

// countedIDs counts what it is asked for.
type countedIDs struct {
	sessions.IDScheme
	made, hashed atomic.Int64
}

func (c *countedIDs) New() sessions.ID {
	c.made.Add(1)
	return c.IDScheme.New()
}

func (c *countedIDs) Key(id sessions.ID) string {
	c.hashed.Add(1)
	return c.IDScheme.Key(id)
}

func counted(t *testing.T) (*sessions.Manager[int], *countedIDs) {
	ids := &countedIDs{IDScheme: sessions.RandomIDs(32)}
	m, err := sessions.New(memstore.New(nil), &sessions.Config[int]{IDs: ids})
	if err != nil {
		t.Fatal(err)
	}
	ids.made.Store(0)
	ids.hashed.Store(0)
	return m, ids
}

func TestCreate_MakesNoIDUntilItIsNeeded(t *testing.T) {
	is := is.New(t)
	m, ids := counted(t)
	s := m.Create()
	s.Data = 7
	is.True(s.IsNew())
	is.True(m.Changed(s))
	is.NoErr(m.Discard(s))
	is.NoErr(m.Destroy(t.Context(), s))
	is.Equal(ids.made.Load(), int64(0))
	is.Equal(ids.hashed.Load(), int64(0))

	login := m.Create()
	is.NoErr(m.Authenticate(t.Context(), login, "alice"))
	is.Equal(ids.made.Load(), int64(1)) // the one that it is told by
}

func TestCreate_TheIDIsOneWhoeverAsks(t *testing.T) {
	is := is.New(t)
	m, ids := counted(t)
	s := m.Create()
	before := *s
	printed := fmt.Sprint(before)
	found := make([]sessions.ID, 8)
	var wg sync.WaitGroup
	for i := range found {
		wg.Go(func() { found[i] = s.ID() })
	}
	wg.Wait()
	is.NoErr(m.Save(t.Context(), s))
	for _, id := range found {
		is.Equal(id, s.ID())
	}
	is.Equal(before.ID(), s.ID()) // a copy has it too
	is.Equal(printed, "session "+s.Handle())
	is.Equal(ids.made.Load(), int64(1))
	is.Equal(ids.hashed.Load(), int64(1))
	loaded, err := m.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(loaded.Handle(), s.Handle())
}

// Of two copies of a new session, which have one ID, the first to be saved is stored.
func TestCreate_OfTwoCopiesOneIsSaved(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.Create()
	another := *s
	s.Data.Count, another.Data.Count = 1, 2
	is.NoErr(w.Save(t.Context(), s))
	wants.Err(t, w.Save(t.Context(), &another), sessions.ErrConflict)
	is.NoErr(w.Authenticate(t.Context(), &another, "user")) // which takes another ID
	is.True(another.ID() != s.ID())
	for _, one := range []*sessions.Session[cart]{s, &another} {
		got, err := w.other.Load(t.Context(), one.ID().Secret())
		is.NoErr(err)
		is.Equal(got.Data, one.Data)
	}
}

package sessions_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
)

type ctx = context.Context

func TestCreateStoresNothing(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	a, b := w.Create(), w.Create()
	is.True(a.ID() != b.ID()) // fresh each time
	is.Equal(a.Data, cart{})
	is.Equal(len(w.store.took()), 0)
	_, err := w.other.Load(t.Context(), a.ID().Secret())
	is.True(errors.Is(err, sessions.ErrNotFound))
}

func TestCreateAndSaveIsOneWriteThatOthersSee(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s, err := w.CreateAndSave(t.Context(), cart{Items: []string{"tea"}})
	is.NoErr(err)
	is.Equal(w.store.took(), []string{"Create"})
	is.True(!s.IsNew())

	other, err := w.other.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(other.Data, cart{Items: []string{"tea"}})
	is.Equal(other.ID(), s.ID())
	is.Equal(other.CreatedAt(), start)
	is.Equal(other.IdleTimeout, s.IdleTimeout)
	is.Equal(other.AbsoluteTimeout, s.AbsoluteTimeout)
	is.Equal(other.ExpiresAt(), s.ExpiresAt())
}

func TestCreateAndSaveTakesAnotherIDWhenOneIsTaken(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	var keys []string
	w.store.create = func(ctx ctx, rec driver.Record) error {
		keys = append(keys, rec.Key)
		if len(keys) < 3 {
			return driver.ErrExists
		}
		return w.mem.Create(ctx, rec)
	}
	s, err := w.CreateAndSave(t.Context(), cart{Count: 1})
	is.NoErr(err)
	is.Equal(len(keys), 3)
	is.True(keys[0] != keys[1] && keys[1] != keys[2]) // never the same one again
	loaded, err := w.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(loaded.Data.Count, 1)
}

func TestCreateAndSaveGivesUpOnAStoreThatHasEverything(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	w.store.create = func(ctx, driver.Record) error { return driver.ErrExists }
	s, err := w.CreateAndSave(t.Context(), cart{})
	is.True(errors.Is(err, driver.ErrExists))
	is.True(s == nil)
	is.Equal(len(w.store.took()), 4) // bounded
}

func TestFailedCreateIsAnErrorAndNoSession(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	w.store.create = func(ctx, driver.Record) error { return sessions.ErrUnavailable }
	s, err := w.CreateAndSave(t.Context(), cart{})
	is.True(errors.Is(err, sessions.ErrUnavailable))
	is.True(s == nil)
	is.Equal(len(w.store.took()), 1) // not tried again: the store does that itself
}

func TestRecordOfANewSession(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{})
	rec, err := w.mem.Load(t.Context(), s.Handle())
	is.NoErr(err)
	is.Equal(rec.Key, s.ID().Handle()) // the key is the handle, not the ID
	is.Equal(len(rec.Rev), 26)         // 128 random bits
	is.Equal(rec.Created, start)
	is.Equal(rec.Accessed, start)
	is.Equal(rec.IdleTimeout, 2*time.Hour)
	is.Equal(rec.AbsoluteTimeout, 12*time.Hour)
	is.Equal(rec.Payload.Format(), "json")
}

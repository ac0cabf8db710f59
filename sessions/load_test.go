package sessions_test

import (
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/internal/cued"
)

func TestLoadIsOneRead(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{Count: 7})
	for range 10 {
		got, err := w.Load(t.Context(), s.ID().Secret())
		is.NoErr(err)
		is.Equal(got.Data, cart{Count: 7})
		is.Equal(w.store.Took(), []string{"Load"})
	}
}

func TestLoadGivesEachCallerItsOwnData(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{Items: []string{"tea"}})
	a, err := w.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	a.Data.Items[0] = "changed"
	b, err := w.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(b.Data.Items, []string{"tea"}) // another request doesn't see an unsaved change
}

// A session is alive one second before its deadline and dead at it, whether or not it was swept.
func TestSessionIdlesOut(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, &sessions.Config[cart]{IdleTimeout: time.Minute, TouchInterval: -1})
	s := w.saved(t, cart{})
	dead := start.Truncate(time.Second).Add(time.Minute)
	is.Equal(s.ExpiresAt(), dead)

	w.clock.Set(dead.Add(-time.Microsecond))
	_, err := w.Load(t.Context(), s.ID().Secret())
	is.NoErr(err) // in the last microsecond; it counts as an access

	w.clock.Set(dead.Add(58 * time.Second))
	_, err = w.Load(t.Context(), s.ID().Secret())
	is.NoErr(err) // so it is alive after its former deadline

	w.clock.Set(dead.Add(58*time.Second + time.Minute))
	w.store.Took()
	_, err = w.Load(t.Context(), s.ID().Secret())
	wants.Err(t, err, sessions.ErrExpired)
	wants.Err(t, err, sessions.ErrNotFound)
	is.Equal(w.store.Took(), []string{"Load"}) // an expired session is not touched
}

func TestSessionReachesItsAbsoluteDeadlineHoweverBusy(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, &sessions.Config[cart]{IdleTimeout: 10 * time.Minute, AbsoluteTimeout: time.Hour, TouchInterval: -1})
	s := w.saved(t, cart{})
	dead := start.Truncate(time.Second).Add(time.Hour)
	for now := start; now.Before(dead); now = now.Add(time.Minute) {
		w.clock.Set(now)
		got, err := w.Load(t.Context(), s.ID().Secret())
		is.NoErr(err) // alive during the whole hour
		is.True(!got.ExpiresAt().After(dead))
		if now.Minute()%20 == 0 {
			got.Data.Count++
			is.NoErr(w.Save(t.Context(), got)) // neither saving nor loading moves the deadline
		}
	}
	w.clock.Set(dead.Add(-time.Microsecond))
	_, err := w.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	w.clock.Set(dead)
	_, err = w.Load(t.Context(), s.ID().Secret())
	wants.Err(t, err, sessions.ErrExpired)
}

func TestInvalidIDsCostNoRead(t *testing.T) {
	is := is.New(t)
	for _, ids := range []sessions.IDScheme{nil, sessions.SignedIDs(32, newKey)} {
		w := newWorld(t, &sessions.Config[cart]{IDs: ids})
		s := w.saved(t, cart{})
		for _, id := range []string{
			"", " ", "made-up", strings.Repeat("A", 44), s.ID().Secret() + "A", `"` + s.ID().Secret() + `"`, s.Handle(), s.Handle()[:43] + "!",
			sessions.SignedIDs(32, oldKey).New().Secret(), strings.Repeat("A", 1<<20), "ключ",
		} {
			_, err := w.Load(t.Context(), id)
			wants.Err(t, err, sessions.ErrInvalidID)
			wants.Err(t, w.DestroyID(t.Context(), id), sessions.ErrInvalidID)
			_, err = w.Update(t.Context(), id, func(*cart) error { return nil })
			wants.Err(t, err, sessions.ErrInvalidID)
			fresh, err := w.LoadOrCreate(t.Context(), id)
			is.NoErr(err)
			is.True(fresh.ID().Secret() != id)
		}
		is.Equal(len(w.store.Took()), 0) // no call
	}
}

// An ID that a client made up never becomes a session, even if it is well-formed.
func TestLoadOrCreateNeverAdoptsAnID(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	planted := sessions.RandomIDs(32).New().Secret()
	s, err := w.LoadOrCreate(t.Context(), planted)
	is.NoErr(err)
	is.True(s.IsNew())
	is.True(s.ID().Secret() != planted)
	is.NoErr(w.Save(t.Context(), s))
	_, err = w.Load(t.Context(), planted)
	wants.Err(t, err, sessions.ErrNotFound) // nothing exists under it
	is.Equal(w.mem.Len(), 1)
}

func TestLoadOrCreateAfterEveryNotFoundGivesANewID(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	destroyed, idled := w.saved(t, cart{}), w.saved(t, cart{})
	is.NoErr(w.other.DestroyID(t.Context(), destroyed.ID().Secret()))
	w.clock.Advance(2 * time.Hour)
	for _, old := range []*sessions.Session[cart]{destroyed, idled} {
		s, err := w.LoadOrCreate(t.Context(), old.ID().Secret())
		is.NoErr(err)
		is.True(s.IsNew())
		is.True(s.ID() != old.ID())
	}
	live := w.saved(t, cart{Count: 3})
	s, err := w.LoadOrCreate(t.Context(), live.ID().Secret())
	is.NoErr(err)
	is.Equal(s.ID(), live.ID()) // a live one is loaded
	is.Equal(s.Data.Count, 3)
}

// An outage is an error, not an empty session: nobody is signed out, nothing is overwritten.
func TestOutageIsAnErrorAndTheSessionOutlivesIt(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{Count: 5})
	w.store.On("Load", func(*cued.Call) error { return sessions.ErrUnavailable })
	for range 100 {
		got, err := w.LoadOrCreate(t.Context(), s.ID().Secret())
		wants.Err(t, err, sessions.ErrUnavailable)
		wants.NotErr(t, err, sessions.ErrNotFound)
		is.True(got == nil)
	}
	w.store.On("Load", nil)
	got, err := w.LoadOrCreate(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(got.Data.Count, 5) // the same session, after the outage
}

func TestUndecodableDataIsErrDecodeAndNoSession(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{Count: 1})
	for _, p := range []codec.Payload{
		codec.Opaque("json", []byte(`{"count":"now a text"}`)),
		codec.Opaque("json", []byte(`{`)),
		codec.Opaque("json", []byte(`null`)),
		codec.Opaque("json", nil),
		codec.Opaque("made-up", []byte(`{}`)),
		nil,
	} {
		w.store.On("Load", func(c *cued.Call) error {
			err := c.Do()
			c.Record.Payload = p
			return err
		})
		got, err := w.Load(t.Context(), s.ID().Secret())
		wants.Err(t, err, sessions.ErrDecode)
		wants.NotErr(t, err, sessions.ErrNotFound)
		is.True(got == nil)
		is.True(!strings.Contains(err.Error(), "now a text")) // stored data must not be logged
		_, err = w.LoadOrCreate(t.Context(), s.ID().Secret())
		wants.Err(t, err, sessions.ErrDecode) // nor silently replaced by an empty one
	}
}

func TestCreateStoresNothing(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	a, b := w.Create(), w.Create()
	is.True(a.ID() != b.ID()) // a new ID each time
	is.Equal(a.Data, cart{})
	is.Equal(len(w.store.Took()), 0)
	_, err := w.other.Load(t.Context(), a.ID().Secret())
	wants.Err(t, err, sessions.ErrNotFound)
}

func TestCreateAndSaveIsOneWriteThatOthersSee(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s, err := w.CreateAndSave(t.Context(), cart{Items: []string{"tea"}})
	is.NoErr(err)
	is.Equal(w.store.Took(), []string{"Create"})
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
	w.store.On("Create", func(c *cued.Call) error {
		keys = append(keys, c.Key)
		if len(keys) < 3 {
			return driver.ErrExists
		}
		return c.Do()
	})
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
	w.store.On("Create", func(*cued.Call) error { return driver.ErrExists })
	s, err := w.CreateAndSave(t.Context(), cart{})
	wants.Err(t, err, driver.ErrExists)
	is.True(s == nil)
	is.Equal(len(w.store.Took()), 4) // bounded
}

func TestFailedCreateIsAnErrorAndNoSession(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	w.store.On("Create", func(*cued.Call) error { return sessions.ErrUnavailable })
	s, err := w.CreateAndSave(t.Context(), cart{})
	wants.Err(t, err, sessions.ErrUnavailable)
	is.True(s == nil)
	is.Equal(len(w.store.Took()), 1) // not repeated: the store retries itself
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

package sessions_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
)

func TestLoadIsOneRead(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{Count: 7})
	for range 10 {
		got, err := w.Load(t.Context(), s.ID().Secret())
		is.NoErr(err)
		is.Equal(got.Data, cart{Count: 7})
		is.Equal(w.store.took(), []string{"Load"})
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
	is.Equal(b.Data.Items, []string{"tea"}) // an unsaved change of one request is no other's
}

// A session is alive one second before its deadline and dead at it, whatever the sweep is doing.
func TestSessionIdlesOut(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, &sessions.Config[cart]{IdleTimeout: time.Minute, TouchInterval: -1})
	s := w.saved(t, cart{})
	dead := start.Truncate(time.Second).Add(time.Minute)
	is.Equal(s.ExpiresAt(), dead)

	w.clock.Set(dead.Add(-time.Microsecond))
	_, err := w.Load(t.Context(), s.ID().Secret())
	is.NoErr(err) // the last microsecond, and it is an access

	w.clock.Set(dead.Add(58 * time.Second))
	_, err = w.Load(t.Context(), s.ID().Secret())
	is.NoErr(err) // so it lives on, on the other side of what was the deadline

	w.clock.Set(dead.Add(58*time.Second + time.Minute))
	w.store.took()
	_, err = w.Load(t.Context(), s.ID().Secret())
	is.True(errors.Is(err, sessions.ErrExpired))
	is.True(errors.Is(err, sessions.ErrNotFound))
	is.Equal(w.store.took(), []string{"Load"}) // an expired session is not touched
}

func TestSessionReachesItsAbsoluteDeadlineHoweverBusy(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, &sessions.Config[cart]{IdleTimeout: 10 * time.Minute, AbsoluteTimeout: time.Hour, TouchInterval: -1})
	s := w.saved(t, cart{})
	dead := start.Truncate(time.Second).Add(time.Hour)
	for now := start; now.Before(dead); now = now.Add(time.Minute) {
		w.clock.Set(now)
		got, err := w.Load(t.Context(), s.ID().Secret())
		is.NoErr(err) // alive all the hour
		is.True(!got.ExpiresAt().After(dead))
		if now.Minute()%20 == 0 {
			got.Data.Count++
			is.NoErr(w.Save(t.Context(), got)) // saving moves it no more than loading
		}
	}
	w.clock.Set(dead.Add(-time.Microsecond))
	_, err := w.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	w.clock.Set(dead)
	_, err = w.Load(t.Context(), s.ID().Secret())
	is.True(errors.Is(err, sessions.ErrExpired))
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
			is.True(errors.Is(err, sessions.ErrInvalidID))
			is.True(errors.Is(w.DestroyID(t.Context(), id), sessions.ErrInvalidID))
			_, err = w.Update(t.Context(), id, func(*cart) error { return nil })
			is.True(errors.Is(err, sessions.ErrInvalidID))
			fresh, err := w.LoadOrCreate(t.Context(), id)
			is.NoErr(err)
			is.True(fresh.ID().Secret() != id)
		}
		is.Equal(len(w.store.took()), 0) // not one call
	}
}

// Strict mode: an ID that the client made up, however well formed, never becomes a session.
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
	is.True(errors.Is(err, sessions.ErrNotFound)) // nothing exists under it
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
	is.Equal(s.ID(), live.ID()) // and a live one is loaded
	is.Equal(s.Data.Count, 3)
}

// An outage is not an empty session: nobody is logged out, nothing is overwritten.
func TestOutageIsAnErrorAndTheSessionOutlivesIt(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{Count: 5})
	w.store.load = func(ctx, string) (driver.Record, error) { return driver.Record{}, sessions.ErrUnavailable }
	for range 100 {
		got, err := w.LoadOrCreate(t.Context(), s.ID().Secret())
		is.True(errors.Is(err, sessions.ErrUnavailable))
		is.True(!errors.Is(err, sessions.ErrNotFound))
		is.True(got == nil)
	}
	w.store.load = nil
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
		w.store.load = func(ctx ctx, key string) (driver.Record, error) {
			rec, err := w.mem.Load(ctx, key)
			rec.Payload = p
			return rec, err
		}
		got, err := w.Load(t.Context(), s.ID().Secret())
		is.True(errors.Is(err, sessions.ErrDecode))
		is.True(!errors.Is(err, sessions.ErrNotFound))
		is.True(got == nil)
		is.True(!strings.Contains(err.Error(), "now a text")) // what is stored is not for the log
		_, err = w.LoadOrCreate(t.Context(), s.ID().Secret())
		is.True(errors.Is(err, sessions.ErrDecode)) // nor silently replaced by an empty one
	}
}

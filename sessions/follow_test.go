package sessions_test

import (
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/event"
)

func TestRecognizes(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{})
	id := s.ID().Secret()
	is.True(w.Recognizes(id))
	is.True(w.Recognizes(w.Create().ID().Secret())) // only the store knows that there is no session
	for _, text := range []string{"", "no ID", id[1:], id + "A", id + " ", s.Handle(), "*" + id[1:]} {
		is.True(!w.Recognizes(text))
	}
	is.Equal(w.store.Took(), nil)

	signed := w.with(t, sessions.Config[cart]{IDs: sessions.SignedIDs(32, newKey)})
	theirs := w.with(t, sessions.Config[cart]{IDs: sessions.SignedIDs(32, oldKey)})
	is.True(signed.Recognizes(signed.Create().ID().Secret()))
	is.True(!signed.Recognizes(theirs.Create().ID().Secret())) // signed with another key
	is.True(!signed.Recognizes(id))
}

func TestRecognizes_ReportsNothing(t *testing.T) {
	is := is.New(t)
	seen := &peeks{}
	w := newWorld(t, &sessions.Config[cart]{Observer: seen})
	w.Recognizes("no ID")
	is.Equal(seen.events, 0)
}

// Follow finds a session after any renewals, and doesn't reveal its new ID.
func TestFollow(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, &sessions.Config[cart]{IdleTimeout: time.Hour, TouchInterval: -1})
	s := w.saved(t, cart{Count: 1})
	first := s.ID().Secret()
	follow := func(m *sessions.Manager[cart], id string) *sessions.Session[cart] {
		t.Helper()
		got, err := m.Follow(t.Context(), id)
		is.NoErr(err)
		is.Equal(got.ID(), sessions.ID{})
		return got
	}
	is.Equal(follow(w.other, first).Data.Count, 1)
	for n := range 5 { // renewed many times
		s.Data.Count = n + 2
		if n == 3 {
			is.NoErr(w.Authenticate(t.Context(), s, "user"))
		} else {
			is.NoErr(w.Renew(t.Context(), s))
		}
		got := follow(w.other, first)
		is.Equal(got.Data.Count, n+2)
		is.Equal(got.Subject(), s.Subject())
	}

	w.clock.Advance(time.Minute)
	accessed := w.record(t, s).Accessed
	got := follow(w.Manager, first)
	is.Equal(w.record(t, s).Accessed, accessed) // it records no access
	for _, err := range []error{w.Save(t.Context(), got), w.Renew(t.Context(), got), w.Authenticate(t.Context(), got, "user")} {
		is.True(err != nil) // it is read-only
	}
	is.True(w.alive(t, s))

	is.NoErr(w.Destroy(t.Context(), s))
	_, err := w.Follow(t.Context(), first)
	wants.Err(t, err, sessions.ErrNotFound)
}

func TestFollow_WhatIsNoSession(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, &sessions.Config[cart]{Application: "shop"})
	_, err := w.Follow(t.Context(), "no ID")
	wants.Err(t, err, sessions.ErrInvalidID)
	is.Equal(w.store.Took(), nil)
	_, err = w.Follow(t.Context(), w.Create().ID().Secret())
	wants.Err(t, err, sessions.ErrNotFound)

	s := w.saved(t, cart{})
	id := s.ID().Secret()
	is.NoErr(w.Renew(t.Context(), s))
	_, err = w.with(t, sessions.Config[cart]{Application: "admin"}).Follow(t.Context(), id)
	wants.Err(t, err, sessions.ErrNotFound) // another application's

	w.clock.Advance(3 * time.Hour)
	_, err = w.Follow(t.Context(), s.ID().Secret())
	wants.Err(t, err, sessions.ErrNotFound) // it has idled out
}

func TestFollow_Event(t *testing.T) {
	is := is.New(t)
	seen := &peeks{}
	w := newWorld(t, &sessions.Config[cart]{Observer: seen})
	s := w.login(t, "user")
	id := s.ID().Secret()
	is.NoErr(w.Renew(t.Context(), s))
	_, err := w.Follow(t.Context(), id)
	is.NoErr(err)
	is.Equal(seen.last.Op, "follow")
	is.Equal(seen.last.Kind, event.Loaded)
	is.Equal(seen.last.Handle, s.Handle())
	is.Equal(seen.last.Subject, "user")
	is.Equal(seen.last.Calls, 2)
}

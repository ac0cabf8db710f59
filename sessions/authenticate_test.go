package sessions_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions"
)

func TestAuthenticateIsANewIDANewLifetimeAndASubject(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{Items: []string{"tea"}})
	old := s.ID()
	w.clock.Advance(90 * time.Minute)
	login := w.clock.Now()
	s.Data.Count = 1
	is.NoErr(w.Authenticate(t.Context(), s, "ada@example.org"))
	is.Equal(w.store.took(), []string{"Rename"}) // one atomic step
	is.True(s.ID() != old)
	is.Equal(s.Subject(), "ada@example.org")
	is.Equal(s.CreatedAt(), login)
	is.Equal(s.ExpiresAt(), login.Truncate(time.Second).Add(2*time.Hour))

	_, err := w.other.Load(t.Context(), old.Secret())
	is.True(errors.Is(err, sessions.ErrNotFound)) // who planted the old ID gains nothing
	got, err := w.other.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(got.Subject(), "ada@example.org")
	is.Equal(got.Data, cart{Items: []string{"tea"}, Count: 1})
	is.Equal(got.CreatedAt(), login)

	got.Data.Count++
	is.NoErr(w.other.Save(t.Context(), got))
	is.NoErr(w.other.Renew(t.Context(), got))
	is.Equal(got.Subject(), "ada@example.org") // both keep it
	is.Equal(got.CreatedAt(), login)
	is.Equal(w.mem.Len(), 1)
}

func TestLoginAgainStartsALifetimeAgain(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, &sessions.Config[cart]{AbsoluteTimeout: time.Hour, IdleTimeout: time.Hour})
	s := w.saved(t, cart{})
	for range 5 {
		w.clock.Advance(59 * time.Minute)
		old := s.ID()
		is.NoErr(w.Authenticate(t.Context(), s, "user-1"))
		is.True(s.ID() != old)
		is.Equal(s.ExpiresAt(), w.clock.Now().Truncate(time.Second).Add(time.Hour)) // both timeouts begin anew
	}
	w.clock.Advance(time.Hour)
	is.True(errors.Is(w.Authenticate(t.Context(), s, "user-1"), sessions.ErrExpired)) // but nothing revives a dead one
}

func TestAuthenticateOfAnUnsavedSessionIsOneWrite(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.Create()
	old := s.ID()
	is.NoErr(w.Authenticate(t.Context(), s, "user-1"))
	is.Equal(w.store.took(), []string{"Create"})
	is.True(s.ID() != old) // new even so: the client may have seen the first
	is.True(!s.IsNew())
	got, err := w.other.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(got.Subject(), "user-1")
}

func TestAuthenticateOfAnUnsavedSessionInDoubt(t *testing.T) {
	for _, applied := range []bool{true, false} {
		is := is.New(t)
		w := newWorld(t, nil)
		s := w.Create()
		for range 3 {
			w.lostAnswer(applied)
			is.True(errors.Is(w.Authenticate(t.Context(), s, "user-1"), sessions.ErrOutcomeUnknown))
		}
		w.store.create = nil
		is.NoErr(w.Authenticate(t.Context(), s, "user-1"))
		is.Equal(w.mem.Len(), 1) // what the doubtful ones may have left is gone
		_, err := w.other.Load(t.Context(), s.ID().Secret())
		is.NoErr(err)
	}
}

func TestAuthenticateOfADestroyedSessionIsErrNotFound(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{})
	is.NoErr(w.other.DestroyID(t.Context(), s.ID().Secret()))
	is.True(errors.Is(w.Authenticate(t.Context(), s, "user-1"), sessions.ErrNotFound))
	is.Equal(w.mem.Len(), 0)
}

func TestSubjectsAreChecked(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{})
	old := s.ID()
	for _, subject := range []string{"", strings.Repeat("s", 1025), "not\xffUTF-8"} {
		err := w.Authenticate(t.Context(), s, subject)
		is.True(err != nil)
		is.True(strings.Contains(err.Error(), "invalid subject"))
		is.True(!errors.Is(err, sessions.ErrUnavailable))
	}
	is.Equal(len(w.store.took()), 0)
	is.Equal(s.ID(), old)
	for _, subject := range []string{"a", strings.Repeat("s", 1024), "ключ 🔑", " ", "a/b#c"} {
		is.NoErr(w.Authenticate(t.Context(), s, subject))
		is.Equal(s.Subject(), subject)
	}
	var zero *sessions.Session[cart]
	is.True(w.Authenticate(t.Context(), zero, "user-1") != nil)
	is.True(w.Renew(t.Context(), zero) != nil)
}

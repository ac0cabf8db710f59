package sessions_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/internal/cued"
)

func TestRenewIsANewIDForTheSameSession(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{Items: []string{"tea"}})
	s.IdleTimeout = time.Hour
	is.NoErr(w.Save(t.Context(), s))
	old := s.ID()
	w.clock.Advance(10 * time.Minute)
	w.store.Took()

	s.Data.Count = 1
	is.NoErr(w.Renew(t.Context(), s))
	is.Equal(w.store.Took(), []string{"Create", "End"}) // they also save
	is.True(s.ID() != old)
	is.Equal(s.CreatedAt(), start) // the same lifetime
	is.Equal(s.IdleTimeout, time.Hour)

	_, err := w.other.Load(t.Context(), old.Secret())
	wants.Err(t, err, sessions.ErrNotFound) // the old ID is dead at once
	got, err := w.other.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(got.Data, cart{Items: []string{"tea"}, Count: 1})
	is.Equal(got.CreatedAt(), start)
	is.Equal(got.AccessedAt(), start.Add(10*time.Minute))
	is.Equal(got.IdleTimeout, time.Hour)
	is.Equal(w.mem.Len(), 1)

	s.Data.Count = 2
	is.NoErr(w.Save(t.Context(), s)) // everything works under the new ID
	is.NoErr(w.Destroy(t.Context(), s))
	is.Equal(w.mem.Len(), 0)
}

// Renewals don't move a session's absolute deadline.
func TestRenewKeepsTheAbsoluteDeadline(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, &sessions.Config[cart]{AbsoluteTimeout: time.Hour})
	s := w.saved(t, cart{})
	for range 59 {
		w.clock.Advance(time.Minute)
		is.NoErr(w.Renew(t.Context(), s))
	}
	w.clock.Advance(time.Minute)
	wants.Err(t, w.Renew(t.Context(), s), sessions.ErrExpired)
	_, err := w.Load(t.Context(), s.ID().Secret())
	wants.Err(t, err, sessions.ErrExpired)
}

func TestRenewOfAnUnsavedSessionAsksNobody(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.Create()
	old := s.ID()
	is.NoErr(w.Renew(t.Context(), s))
	is.True(s.ID() != old)
	is.True(s.IsNew())
	is.Equal(len(w.store.Took()), 0)
	is.NoErr(w.Save(t.Context(), s))
	_, err := w.Load(t.Context(), old.Secret())
	wants.Err(t, err, sessions.ErrNotFound)
	_, err = w.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
}

func TestRenewOfADestroyedSessionIsErrNotFound(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{})
	old := s.ID()
	is.NoErr(w.other.DestroyID(t.Context(), old.Secret()))
	wants.Err(t, w.Renew(t.Context(), s), sessions.ErrNotFound)
	is.Equal(s.ID(), old)
	is.Equal(w.mem.Len(), 0) // no record under either ID

	mine := w.saved(t, cart{})
	is.NoErr(w.Destroy(t.Context(), mine))
	wants.Err(t, w.Renew(t.Context(), mine), sessions.ErrNotFound)
	is.Equal(w.mem.Len(), 0)
}

// A renewal keeps another request's changes, unless both have changed the same field.
func TestRenewOfASessionThatAnotherRequestHasChanged(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, &sessions.Config[cart]{Merge: sessions.NoMerge[cart]})
	s := w.saved(t, cart{})
	w.change(t, s, 7)
	is.NoErr(w.Renew(t.Context(), s)) // this request has changed nothing
	is.Equal(w.store.Took(), []string{"Create", "End", "Load", "Replace", "End"})
	is.Equal(s.Data.Count, 7)
	got, err := w.other.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(got.Data.Count, 7)
	is.Equal(w.mem.Len(), 1)

	s = w.saved(t, cart{})
	s.Data.Count = 1
	old := s.ID()
	_, err = w.other.Update(t.Context(), old.Secret(), func(c *cart) error { c.Count = 5; return nil })
	is.NoErr(err)
	wants.Err(t, w.Renew(t.Context(), s), sessions.ErrConflict)
	is.Equal(s.ID(), old)
	got, err = w.Load(t.Context(), old.Secret())
	is.NoErr(err)
	is.Equal(got.Data.Count, 5) // nothing lost, nothing changed
	is.Equal(s.Data.Count, 1)
	is.Equal(w.mem.Len(), 2) // not three
}

func TestOneOfManyRenewsWins(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{})
	const n = 50
	held := make([]*sessions.Session[cart], n)
	errs := make([]error, n)
	for i := range held {
		var err error
		held[i], err = w.other.Load(t.Context(), s.ID().Secret())
		is.NoErr(err)
	}
	var wg sync.WaitGroup
	for i := range held {
		wg.Go(func() { errs[i] = w.other.Renew(t.Context(), held[i]) })
	}
	wg.Wait()
	won := 0
	for i, err := range errs {
		if err == nil {
			won++
			_, err := w.Load(t.Context(), held[i].ID().Secret())
			is.NoErr(err)
			continue
		}
		is.True(errors.Is(err, sessions.ErrConflict) || errors.Is(err, sessions.ErrNotFound))
	}
	is.Equal(won, 1)
	is.Equal(w.mem.Len(), 1) // never two live IDs
	_, err := w.Load(t.Context(), s.ID().Secret())
	wants.Err(t, err, sessions.ErrNotFound)
}

func TestRenewTakesAnotherIDWhenOneIsTaken(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{})
	var keys []string
	w.store.On("Create", func(c *cued.Call) error {
		if keys = append(keys, c.Key); len(keys) < 3 {
			return driver.ErrExists
		}
		return c.Do()
	})
	is.NoErr(w.Renew(t.Context(), s))
	is.True(keys[0] != keys[1] && keys[1] != keys[2])
	is.Equal(s.Handle(), keys[2])
}

// A Renew with a cancelled context does nothing; one that is cancelled later completes.
func TestRenewAndCancelledContexts(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{})
	old := s.ID()
	done, cancel := context.WithCancel(t.Context())
	cancel()
	wants.Err(t, w.Renew(done, s), context.Canceled)
	wants.Err(t, w.Authenticate(done, s, "ada"), context.Canceled)
	is.Equal(len(w.store.Took()), 0)
	is.Equal(s.ID(), old)

	under, cancel := context.WithCancel(t.Context())
	w.store.On("any", func(c *cued.Call) error {
		cancel() // the client hangs up while the store is at work
		is.NoErr(c.Context.Err())
		return c.Do()
	})
	is.NoErr(w.Renew(under, s))
	_, err := w.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
}

func TestAuthenticateIsANewIDANewLifetimeAndASubject(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{Items: []string{"tea"}})
	old := s.ID()
	w.clock.Advance(90 * time.Minute)
	login := w.clock.Now()
	s.Data.Count = 1
	is.NoErr(w.Authenticate(t.Context(), s, "ada@example.org"))
	is.Equal(w.store.Took(), []string{"LoadRosters", "ChangeRoster", "Create", "End"})
	is.True(s.ID() != old)
	is.Equal(s.Subject(), "ada@example.org")
	is.Equal(s.CreatedAt(), login)
	is.Equal(s.ExpiresAt(), login.Truncate(time.Second).Add(2*time.Hour))

	_, err := w.other.Load(t.Context(), old.Secret())
	wants.Err(t, err, sessions.ErrNotFound) // the attacker who planted the old ID gains nothing
	got, err := w.other.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(got.Subject(), "ada@example.org")
	is.Equal(got.Data, cart{Items: []string{"tea"}, Count: 1})
	is.Equal(got.CreatedAt(), login)

	got.Data.Count++
	is.NoErr(w.other.Save(t.Context(), got))
	is.NoErr(w.other.Renew(t.Context(), got))
	is.Equal(got.Subject(), "ada@example.org") // both accept it
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
		// Both timeouts begin anew.
		is.Equal(s.ExpiresAt(), w.clock.Now().Truncate(time.Second).Add(time.Hour))
	}
	w.clock.Advance(time.Hour)
	// But a dead session stays dead.
	wants.Err(t, w.Authenticate(t.Context(), s, "user-1"), sessions.ErrExpired)
}

func TestAuthenticateOfAnUnsavedSessionIsOneReadAndTwoWrites(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.Create()
	old := s.ID()
	is.NoErr(w.Authenticate(t.Context(), s, "user-1"))
	is.Equal(w.store.Took(), []string{"LoadRosters", "ChangeRoster", "Create"})
	is.True(s.ID() != old) // a new ID nevertheless: the client may have seen the first
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
			wants.Err(t, w.Authenticate(t.Context(), s, "user-1"), sessions.ErrOutcomeUnknown)
		}
		w.store.On("Create", nil)
		is.NoErr(w.Authenticate(t.Context(), s, "user-1"))
		is.Equal(w.mem.Len(), 1) // records of the writes in doubt are gone
		_, err := w.other.Load(t.Context(), s.ID().Secret())
		is.NoErr(err)
	}
}

func TestAuthenticateOfADestroyedSessionIsErrNotFound(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{})
	is.NoErr(w.other.DestroyID(t.Context(), s.ID().Secret()))
	wants.Err(t, w.Authenticate(t.Context(), s, "user-1"), sessions.ErrNotFound)
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
		wants.Text(t, err, "invalid subject")
		wants.NotErr(t, err, sessions.ErrUnavailable)
	}
	is.Equal(len(w.store.Took()), 0)
	is.Equal(s.ID(), old)
	for _, subject := range []string{"a", strings.Repeat("s", 1024), "ключ 🔑", " ", "a/b#c"} {
		is.NoErr(w.Authenticate(t.Context(), s, subject))
		is.Equal(s.Subject(), subject)
	}
	var zero *sessions.Session[cart]
	is.True(w.Authenticate(t.Context(), zero, "user-1") != nil)
	is.True(w.Renew(t.Context(), zero) != nil)
}

// lost makes the response to the next call of a name be lost, whether it is applied or not.
func (w world) lost(name string, applied bool) {
	w.store.Once(name, func(c *cued.Call) error {
		if applied {
			_ = c.Do()
		}
		return sessions.ErrOutcomeUnknown
	})
}

// After ErrOutcomeUnknown every call has the right result, whichever ID the session has by then.
func TestEveryCallAfterARenewalInDoubt(t *testing.T) {
	for _, subject := range []string{"", "ada"} { // without and with a login before
		for _, login := range []bool{false, true} {
			for _, lost := range []string{"Create", "End"} {
				for _, applied := range []bool{true, false} {
					for _, times := range []int{1, 3} {
						d := doubt{subject, login, lost, applied, times}
						t.Run(fmt.Sprintf("%+v", d), d.test)
					}
				}
			}
		}
	}
}

// doubt is a renewal or a login whose responses were lost.
type doubt struct {
	subject string
	login   bool
	lost    string
	applied bool
	times   int
}

func (d doubt) make(t *testing.T) (world, *sessions.Session[cart], sessions.ID) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{Count: 1})
	if d.subject != "" {
		is.NoErr(w.Authenticate(t.Context(), s, d.subject))
	}
	old := s.ID()
	for range d.times {
		s.Data.Count++
		w.lost(d.lost, d.applied)
		if d.login {
			wants.Err(t, w.Authenticate(t.Context(), s, "ada"), sessions.ErrOutcomeUnknown)
		} else {
			wants.Err(t, w.Renew(t.Context(), s), sessions.ErrOutcomeUnknown)
		}
		is.Equal(s.ID(), old) // no client gets another one
		is.True(w.Changed(s)) // Save has something to do
	}
	w.store.Off()
	return w, s, old
}

func (d doubt) test(t *testing.T) {
	alive := func(t *testing.T, w world, s *sessions.Session[cart], want int) {
		t.Helper()
		is := is.New(t)
		got, err := w.other.Load(t.Context(), s.ID().Secret())
		is.NoErr(err)
		is.Equal(got.Data.Count, want)
		is.Equal(w.mem.Len(), 1) // not two
		if s.Subject() != "" {
			is.Equal(w.handles(t, s.Subject()), []string{s.Handle()})
		}
	}
	t.Run("Renew", func(t *testing.T) {
		w, s, old := d.make(t)
		is.New(t).NoErr(w.Renew(t.Context(), s))
		alive(t, w, s, 1+d.times)
		_, err := w.other.Load(t.Context(), old.Secret())
		wants.Err(t, err, sessions.ErrRenewed)
	})
	t.Run("Authenticate", func(t *testing.T) {
		is := is.New(t)
		w, s, old := d.make(t)
		w.clock.Advance(time.Minute)
		is.NoErr(w.Authenticate(t.Context(), s, "ada"))
		if !d.login { // otherwise the login of a minute ago was applied
			is.Equal(s.CreatedAt(), start.Add(time.Minute))
		}
		is.Equal(s.Subject(), "ada")
		alive(t, w, s, 1+d.times)
		_, err := w.other.Load(t.Context(), old.Secret())
		wants.Err(t, err, sessions.ErrRenewed)
	})
	t.Run("Authenticate as another", func(t *testing.T) {
		is := is.New(t)
		w, s, _ := d.make(t)
		is.NoErr(w.Authenticate(t.Context(), s, "bob"))
		is.Equal(s.Subject(), "bob")
		alive(t, w, s, 1+d.times)
		is.Equal(len(w.handles(t, "ada")), 0)
	})
	t.Run("Save", func(t *testing.T) {
		w, s, _ := d.make(t)
		s.Data.Count = 50
		is.New(t).NoErr(w.Save(t.Context(), s))
		alive(t, w, s, 50)
	})
	t.Run("Save that looks idle", func(t *testing.T) {
		w, s, old := d.make(t)
		w.clock.Advance(90 * time.Minute)
		_ = w.isAlive(t, old.Secret()) // which keeps it alive if it exists
		if d.lost == "End" && d.applied {
			return // no client knows the new ID: it can only idle out
		}
		w.clock.Advance(29 * time.Minute)
		s.Data.Count = 50
		is.New(t).NoErr(w.Save(t.Context(), s))
		alive(t, w, s, 50)
	})
	t.Run("Save of the same data", func(t *testing.T) {
		w, s, _ := d.make(t)
		is.New(t).NoErr(w.Save(t.Context(), s))
		alive(t, w, s, 1+d.times)
	})
	t.Run("Destroy", func(t *testing.T) {
		is := is.New(t)
		w, s, _ := d.make(t)
		is.NoErr(w.Destroy(t.Context(), s))
		is.Equal(w.mem.Len(), 0) // under neither ID
		is.Equal(len(w.handles(t, "ada")), 0)
	})
	t.Run("DestroyID", func(t *testing.T) {
		is := is.New(t)
		w, s, old := d.make(t)
		is.NoErr(w.DestroyID(t.Context(), old.Secret())) // the only ID that the client has
		is.True(!w.isAlive(t, old.Secret()))
		err := w.Save(t.Context(), s)
		wants.Err(t, err, sessions.ErrNotFound)
		is.Equal(w.mem.Len(), 0) // nor the new one
	})
}

// A renewal whose calls arrive after the session was destroyed revives nothing.
func TestDestroyBeatsARenewalThatArrivesLate(t *testing.T) {
	for _, name := range []string{"Create", "End"} {
		is := is.New(t)
		w := newWorld(t, nil)
		s := w.saved(t, cart{})
		var late func() error
		w.store.Once(name, func(c *cued.Call) error {
			late = c.Do
			return sessions.ErrOutcomeUnknown
		})
		wants.Err(t, w.Renew(t.Context(), s), sessions.ErrOutcomeUnknown)
		is.NoErr(w.Destroy(t.Context(), s))
		wants.Err(t, late(), sessions.ErrNotFound)
		is.Equal(w.mem.Len(), 0)
	}
}

func TestDestroyAfterARenewalInDoubtTellsItsFailures(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{})
	w.lost("End", true)
	wants.Err(t, w.Renew(t.Context(), s), sessions.ErrOutcomeUnknown)
	calls := 0
	w.store.On("End", func(c *cued.Call) error {
		if calls++; calls == 2 {
			return sessions.ErrUnavailable // for the second key, under which the session is stored
		}
		return c.Do()
	})
	wants.Err(t, w.Destroy(t.Context(), s), sessions.ErrUnavailable)
	is.Equal(w.mem.Len(), 1) // the session is still stored
	is.NoErr(w.Destroy(t.Context(), s))
	is.Equal(w.mem.Len(), 0)
}

// An access during a renewal counts for the renewed session.
func TestRenew_KeepsAnAccessThatComesBetween(t *testing.T) {
	for name, access := range map[string]func(t *testing.T, w world, id string) error{
		"save": func(t *testing.T, w world, id string) error {
			_, err := w.other.Update(t.Context(), id, func(c *cart) error { c.Count++; return nil })
			return err
		},
		"load": func(t *testing.T, w world, id string) error {
			_, err := w.other.Load(t.Context(), id)
			return err
		},
	} {
		for exchange, move := range map[string]func(t *testing.T, w world, s *sessions.Session[cart]) error{
			"renew": func(t *testing.T, w world, s *sessions.Session[cart]) error { return w.Renew(t.Context(), s) },
			"authenticate": func(t *testing.T, w world, s *sessions.Session[cart]) error {
				return w.Authenticate(t.Context(), s, "user")
			},
		} {
			t.Run(name+" while "+exchange, func(t *testing.T) {
				is := is.New(t)
				w := newWorld(t, &sessions.Config[cart]{IdleTimeout: time.Hour, TouchInterval: time.Minute})
				s := w.saved(t, cart{})
				old := s.ID().Secret()
				w.store.Once("End", func(c *cued.Call) error {
					w.clock.Advance(50 * time.Minute) // the host paused
					is.NoErr(access(t, w, old))
					return c.Do()
				})
				is.NoErr(move(t, w, s))
				is.Equal(s.ExpiresAt(), start.Truncate(time.Second).Add(110*time.Minute))
				w.clock.Advance(55 * time.Minute)
				is.True(w.alive(t, s))
			})
		}
	}
}

// A visitor's session is in no list, and no renewal enters it in one, though another request has
// made it live longer meanwhile.
func TestRenewOfAVisitorsSessionChangesNoList(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{})
	held, err := w.other.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	held.AbsoluteTimeout = 100 * time.Hour
	held.Data.Count = 1
	is.NoErr(w.other.Save(t.Context(), held))
	is.NoErr(w.Renew(t.Context(), s))
	is.Equal(s.AbsoluteTimeout, 100*time.Hour)
	is.Equal(w.store.Took(), []string{"Create", "End", "Load", "Replace", "End"})
	is.Equal(w.mem.Len(), 1)
}

package sessions_test

import (
	"fmt"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/internal/cued"
	"github.com/dynasession/dynasession/sessions/internal/rosters"
)

// The response to any call of a renewal or login is lost, whether it was applied or not, and the
// service may fail afterwards. The client has one session under one ID until it signs out, and none
// afterwards.
func TestInDoubt_AtEveryCall(t *testing.T) {
	for _, of := range []string{"fresh", "stored", "signed in", "federated"} {
		for _, login := range []bool{false, true} {
			for n := 1; n < 12; n++ {
				for _, applied := range []bool{false, true} {
					for _, then := range []string{"again", "outage, then again", "lost again, then again", "save", "outage, then save", "destroy", "gone"} {
						d := inDoubt{of, login, n, applied, then}
						t.Run(fmt.Sprintf("%+v", d), d.test)
					}
				}
			}
		}
	}
}

type inDoubt struct {
	of      string
	login   bool
	call    int
	applied bool
	then    string
}

func (d inDoubt) test(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.Create()
	s.Data.Count = 1
	switch d.of {
	case "stored":
		is.NoErr(w.Save(t.Context(), s))
	case "federated":
		s.Federated = "idp 1"
		fallthrough
	case "signed in":
		is.NoErr(w.Authenticate(t.Context(), s, "user"))
	}
	move := func() error {
		if d.login {
			return w.Authenticate(t.Context(), s, "user")
		}
		return w.Renew(t.Context(), s)
	}
	old, wasStored := s.ID(), !s.IsNew()
	s.Data.Count = 2
	i := 0
	w.store.On("any", func(c *cued.Call) error {
		if i++; i != d.call {
			return c.Do()
		}
		if d.applied {
			_ = c.Do()
		}
		return sessions.ErrOutcomeUnknown
	})
	err := move()
	w.store.Off()
	if i < d.call {
		return // there is no such call
	}
	if err == nil {
		is.True(w.alive(t, s)) // the call doesn't matter to the outcome
	} else {
		wants.Err(t, err, sessions.ErrUnavailable)
		is.True(s.ID() == old || !wasStored)
	}
	out := func(c *cued.Call) error { return sessions.ErrUnavailable }
	switch d.then {
	case "again", "outage, then again", "lost again, then again":
		switch d.then {
		case "outage, then again":
			w.store.On("any", out)
			is.True(move() != nil || !wasStored && !d.login)
			w.store.Off()
			// The service recovers gradually.
			for _, name := range []string{"Create", "End"} {
				w.store.Once(name, out)
				_ = move()
				w.store.Off()
			}
		case "lost again, then again":
			for _, name := range []string{"Create", "End", "ChangeRoster"} {
				w.lost(name, true)
				_ = move()
				w.store.Off()
			}
		}
		s.Data.Count = 3
		is.NoErr(move())
		if s.IsNew() {
			is.NoErr(w.Save(t.Context(), s))
		}
		d.isAlive(t, w, s, 3)
	case "save", "outage, then save":
		s.Data.Count = 3
		if d.then != "save" {
			w.store.On("any", out)
			is.True(w.Save(t.Context(), s) != nil)
			w.store.Off()
			w.store.Once("Create", out)
			_ = w.Save(t.Context(), s)
			w.store.Off()
		}
		is.NoErr(w.Save(t.Context(), s))
		d.isAlive(t, w, s, 3)
	case "destroy":
		is.NoErr(w.Destroy(t.Context(), s))
		is.Equal(w.mem.Len(), 0)
		is.Equal(len(w.handles(t, "user")), 0)
	case "gone":
		// The process has died. One session is stored, which the holder of its ID can end.
		if wasStored {
			alive := w.isAlive(t, old.Secret())
			is.NoErr(w.other.DestroyID(t.Context(), old.Secret()))
			is.True(!w.isAlive(t, old.Secret()))
			if s.ID() != old {
				is.True(!alive && !w.alive(t, s)) // by the old ID, whatever its ID is by now
			}
		}
		_, err := w.other.RevokeAll(t.Context(), "user")
		is.NoErr(err)
		if d.of != "stored" || d.login {
			is.True(w.mem.Len() == 0 || d.of == "stored" && !d.applied)
		}
	}
}

func (d inDoubt) isAlive(t *testing.T, w world, s *sessions.Session[cart], want int) {
	t.Helper()
	is := is.New(t)
	got, err := w.other.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(got.Data.Count, want)
	if s.Subject() != "" {
		is.Equal(w.handles(t, "user"), []string{s.Handle()})
	}
	is.NoErr(w.Destroy(t.Context(), s))
	is.True(!w.alive(t, s))
	is.Equal(len(w.handles(t, "user")), 0)
	_, err = w.other.RevokeAll(t.Context(), "user")
	is.NoErr(err)
	is.Equal(w.mem.Len(), 0) // no record is left
}

// An outage doesn't undo a commit that was applied and whose response was lost.
func TestInDoubt_AnOutageDoesNotUndoWhatWasCommitted(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.login(t, "user")
	w.lost("End", true)
	wants.Err(t, w.Renew(t.Context(), s), sessions.ErrOutcomeUnknown)
	w.store.Once("Create", func(*cued.Call) error { return sessions.ErrUnavailable })
	wants.Err(t, w.Renew(t.Context(), s), sessions.ErrUnavailable)
	w.store.Off()
	is.NoErr(w.Renew(t.Context(), s))
	is.True(w.alive(t, s))
}

// If four new IDs are all taken, the call returns an error.
func TestRenewAndAuthenticate_WhenAllIDsAreTaken(t *testing.T) {
	for _, stored := range []bool{false, true} {
		for _, login := range []bool{false, true} {
			if !stored && !login {
				continue // it stores nothing
			}
			is := is.New(t)
			w := newWorld(t, nil)
			s := w.Create()
			if stored {
				is.NoErr(w.Save(t.Context(), s))
			}
			old := s.ID()
			w.store.On("Create", func(*cued.Call) error { return driver.ErrExists })
			var err error
			if login {
				err = w.Authenticate(t.Context(), s, "user")
			} else {
				err = w.Renew(t.Context(), s)
			}
			wants.Err(t, err, driver.ErrExists)
			is.Equal(s.Subject(), "")
			is.Equal(s.IsNew(), !stored)
			w.store.Off()
			if stored {
				is.Equal(s.ID(), old)
				is.True(w.alive(t, s))
			} else {
				is.Equal(w.mem.Len(), 0)
			}
			is.Equal(len(w.handles(t, "user")), 0)
		}
	}
}

// Each call that can't end a record in doubt returns an error.
func TestInDoubt_WhatCannotBeEndedIsSaidSo(t *testing.T) {
	for name, call := range map[string]func(w world, s *sessions.Session[cart]) error{
		"Renew":        func(w world, s *sessions.Session[cart]) error { return w.Renew(t.Context(), s) },
		"Authenticate": func(w world, s *sessions.Session[cart]) error { return w.Authenticate(t.Context(), s, "user") },
		"Destroy":      func(w world, s *sessions.Session[cart]) error { return w.Destroy(t.Context(), s) },
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			w := newWorld(t, nil)
			s := w.Create()
			old := s.ID()
			w.lost("Create", true)
			wants.Err(t, w.Save(t.Context(), s), sessions.ErrOutcomeUnknown)
			w.store.Off()
			w.store.On("End", func(*cued.Call) error { return sessions.ErrUnavailable })
			wants.Err(t, call(w, s), sessions.ErrUnavailable)
			is.Equal(s.ID(), old)
			is.Equal(w.mem.Len(), 1)
			w.store.Off()
			is.NoErr(call(w, s))
			is.True(!w.isAlive(t, old.Secret())) // the doubtful one is gone
		})
	}
}

// A session whose write is in doubt counts as changed.
func TestInDoubt_IsAChange(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{Count: 1})
	s.Data.Count = 2
	w.lost("Replace", true)
	wants.Err(t, w.Save(t.Context(), s), sessions.ErrOutcomeUnknown)
	is.True(w.Changed(s))
	s.Data.Count = 1
	is.True(w.Changed(s)) // the loaded data, which may not be stored any more
	is.NoErr(w.Save(t.Context(), s))
	is.True(!w.Changed(s))
}

// However many responses are lost, a save continues from the write that turns out to be stored.
func TestInDoubt_ManyAnswersInARow(t *testing.T) {
	for name, begin := range map[string]func(*testing.T, world) *sessions.Session[cart]{
		"a new session":    func(_ *testing.T, w world) *sessions.Session[cart] { return w.Create() },
		"a stored session": func(t *testing.T, w world) *sessions.Session[cart] { return w.saved(t, cart{}) },
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			w := newWorld(t, nil)
			s := begin(t, w)
			lose := func(c *cued.Call) error {
				if err := c.Do(); err != nil {
					return err
				}
				return sessions.ErrOutcomeUnknown
			}
			w.store.On("Create", lose)
			w.store.On("Replace", lose)
			for range 5 {
				s.Data.Count++
				wants.Err(t, w.Save(t.Context(), s), sessions.ErrOutcomeUnknown)
			}
			s.Data.Count = 0 // the first value
			wants.Err(t, w.Save(t.Context(), s), sessions.ErrOutcomeUnknown)
			w.store.Off()
			is.NoErr(w.Save(t.Context(), s))
			got, err := w.other.Load(t.Context(), s.ID().Secret())
			is.NoErr(err)
			is.Equal(got.Data.Count, 0)
			s.Data.Count = 99
			is.NoErr(w.Save(t.Context(), s))
			got, err = w.other.Load(t.Context(), s.ID().Secret())
			is.NoErr(err)
			is.Equal(got.Data.Count, 99)
		})
	}
}

func TestInDoubt_ARenewalIsAChange(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{Count: 1})
	old := s.ID()
	w.lost("End", true)
	wants.Err(t, w.Renew(t.Context(), s), sessions.ErrOutcomeUnknown)
	is.True(w.Changed(s))
	is.NoErr(w.Save(t.Context(), s)) // Save finishes the exchange
	is.True(!w.Changed(s))
	is.True(s.ID() != old && w.alive(t, s) && !w.isAlive(t, old.Secret()))
}

// A login, or a renewal, whose new IDs are all ended before they are stored, as a login under a
// limit ends what is under way for too long, has lost a race: the request can be made again.
func TestOvertaken_IsAConflict(t *testing.T) {
	for name, exchange := range map[string]func(world, ctx, *sessions.Session[cart]) error{
		"Renew":        func(w world, ctx ctx, s *sessions.Session[cart]) error { return w.Renew(ctx, s) },
		"Authenticate": func(w world, ctx ctx, s *sessions.Session[cart]) error { return w.Authenticate(ctx, s, "user") },
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			w := newWorld(t, nil)
			s := w.saved(t, cart{Count: 1})
			old := s.ID()
			tried := 0
			lists := map[string]bool{}
			w.store.On("ChangeRoster", func(c *cued.Call) error {
				lists[c.Key] = true
				return c.Do()
			})
			w.store.On("Create", func(c *cued.Call) error {
				tried++
				_, err := w.mem.End(t.Context(), driver.End{Key: c.Key, Marker: rosters.NewMarker(c.Key, driver.Abandoned, "", w.clock.Now())})
				is.NoErr(err)
				return c.Do()
			})
			err := exchange(w, t.Context(), s)
			wants.Err(t, err, sessions.ErrConflict)
			wants.NotErr(t, err, sessions.ErrUnavailable)
			wants.Text(t, err, "ended each of 32 new IDs")
			is.Equal(tried, 32)
			for list := range lists {
				rosters, err := w.mem.LoadRosters(t.Context(), list)
				is.NoErr(err)
				is.Equal(len(rosters[0].Entries), 0) // what has ended is not listed
			}
			is.Equal(s.ID(), old) // which is alive still
			is.True(w.alive(t, s))
			w.store.Off()
			is.NoErr(exchange(w, t.Context(), s))
			is.Equal(s.Data.Count, 1)
		})
	}
}

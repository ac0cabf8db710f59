package sessions_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/event"
	"github.com/dynasession/dynasession/sessions/internal/cued"
)

// OWASP ASVS 7.5.2: users can list their sessions.
func TestSessions_ASVS_7_5_2_ListsASubjectsOwn(t *testing.T) {
	is := is.New(t)
	p := newWorld(t, &sessions.Config[cart]{})
	is.Equal(len(p.handles(t, "user")), 0)
	a := p.Create()
	a.Device = sessions.Device{Name: "Firefox on Linux", IP: "192.0.2.1"}
	a.Data.Items = []string{"s3cret-data"}
	is.NoErr(p.Authenticate(t.Context(), a, "user"))
	p.clock.Advance(time.Hour)
	b := p.login(t, "user")
	p.login(t, "another")

	infos, err := p.other.Sessions(t.Context(), "user")
	is.NoErr(err)
	is.Equal(len(infos), 2)
	is.Equal(infos[0].Handle, b.Handle()) // the most recently used comes first
	is.Equal(infos[1], sessions.Info{
		Handle: a.Handle(), Created: a.CreatedAt(), Accessed: a.AccessedAt(), ExpiresAt: a.ExpiresAt(),
		Device: sessions.Device{Name: "Firefox on Linux", IP: "192.0.2.1"},
	})
	text := fmt.Sprintf("%+v", infos)
	is.True(!strings.Contains(text, a.ID().Secret()))
	is.True(!strings.Contains(text, "s3cret-data"))
	_, err = p.Load(t.Context(), infos[0].Handle)
	wants.Err(t, err, sessions.ErrInvalidID) // a handle gives no access
}

func TestSessions_FollowsRenewalLoginLogoutAndTime(t *testing.T) {
	is := is.New(t)
	p := newWorld(t, &sessions.Config[cart]{})
	s := p.login(t, "user")
	is.NoErr(p.Renew(t.Context(), s))
	is.Equal(p.handles(t, "user"), []string{s.Handle()})
	is.NoErr(p.Authenticate(t.Context(), s, "user")) // again
	is.Equal(p.handles(t, "user"), []string{s.Handle()})
	is.NoErr(p.Authenticate(t.Context(), s, "another")) // as another user
	is.Equal(len(p.handles(t, "user")), 0)
	is.Equal(p.handles(t, "another"), []string{s.Handle()})
	is.NoErr(p.Destroy(t.Context(), s))
	is.Equal(len(p.handles(t, "another")), 0)

	s = p.login(t, "user")
	is.NoErr(p.DestroyID(t.Context(), s.ID().Secret()))
	is.Equal(len(p.handles(t, "user")), 0)
	p.login(t, "user")
	p.clock.Advance(2 * time.Hour)
	is.Equal(len(p.handles(t, "user")), 0) // idled out
}

func TestSessions_OfALongerLifeStayListed(t *testing.T) {
	is := is.New(t)
	p := newWorld(t, &sessions.Config[cart]{})
	s := p.login(t, "user")
	s.IdleTimeout, s.AbsoluteTimeout = 40*24*time.Hour, 40*24*time.Hour
	is.NoErr(p.Save(t.Context(), s)) // the roster must be kept as long
	p.clock.Advance(39 * 24 * time.Hour)
	p.login(t, "else") // a write sweeps
	is.Equal(p.handles(t, "user"), []string{s.Handle()})
}

func TestSessions_WhoseNamesAreAnything(t *testing.T) {
	is := is.New(t)
	p := newWorld(t, &sessions.Config[cart]{})
	names := append([]string{"user-0", "user-1"}, "ü😀\x00\n", strings.Repeat("x", 1024), "subject:x", "incident:not-before", " ")
	want := map[string]string{}
	for _, name := range names {
		s := p.login(t, name)
		want[name] = s.Handle()
	}
	for _, name := range names {
		is.Equal(p.handles(t, name), []string{want[name]})
	}
	for _, bad := range []string{"", strings.Repeat("x", 1025), "\xff"} {
		_, err := p.Sessions(t.Context(), bad)
		is.True(err != nil)
		is.True(p.Authenticate(t.Context(), p.Create(), bad) != nil)
	}
}

func TestListed_ALoginWhoseOldSessionIsGone(t *testing.T) {
	is := is.New(t)
	p := newWorld(t, &sessions.Config[cart]{})
	s := p.login(t, "user")
	is.NoErr(p.other.DestroyID(t.Context(), s.ID().Secret()))
	wants.Err(t, p.Authenticate(t.Context(), s, "user"), sessions.ErrNotFound)
	wants.Err(t, p.Renew(t.Context(), s), sessions.ErrNotFound)
	is.Equal(p.mem.Len(), 0)
}

func TestListed_AStaleOneCannotLogIn(t *testing.T) {
	is := is.New(t)
	p := newWorld(t, &sessions.Config[cart]{})
	s := p.login(t, "user")
	_, err := p.other.Update(t.Context(), s.ID().Secret(), func(c *cart) error { c.Count++; return nil })
	is.NoErr(err)
	s.Data.Count = 5
	wants.Err(t, p.Authenticate(t.Context(), s, "user"), sessions.ErrConflict)
	is.Equal(len(p.handles(t, "user")), 1)
}

func TestRevoke_ASVS_7_5_2_EndsExactlyThatSession(t *testing.T) {
	is := is.New(t)
	p := newWorld(t, &sessions.Config[cart]{})
	a, b, foreign := p.login(t, "user"), p.login(t, "user"), p.login(t, "another")
	wants.Err(t, p.other.Revoke(t.Context(), "user", foreign.Handle()), sessions.ErrNotFound)
	is.True(p.alive(t, foreign))
	is.NoErr(p.other.Revoke(t.Context(), "user", a.Handle()))
	is.True(!p.alive(t, a) && p.alive(t, b))
	// It has ended.
	wants.Err(t, p.other.Revoke(t.Context(), "user", a.Handle()), sessions.ErrNotFound)
	a.Data.Count++
	// A slow request doesn't revive it.
	wants.Err(t, p.Save(t.Context(), a), sessions.ErrNotFound)
	is.Equal(p.handles(t, "user"), []string{b.Handle()})
}

// OWASP ASVS 7.4.2 and 7.4.5: one call ends an account's sessions.
func TestRevokeAll_ASVS_7_4_2_EndsEveryOne(t *testing.T) {
	is := is.New(t)
	p := newWorld(t, &sessions.Config[cart]{})
	var all []*sessions.Session[cart]
	for range 200 { // more than fit into one transaction
		all = append(all, p.login(t, "user"))
	}
	foreign := p.login(t, "another")
	n, err := p.other.RevokeAll(t.Context(), "user")
	is.NoErr(err)
	is.Equal(n, 200)
	for _, s := range all {
		is.True(!p.alive(t, s))
	}
	is.True(p.alive(t, foreign))
	n, err = p.other.RevokeAll(t.Context(), "user") // a second call is safe
	is.NoErr(err)
	is.Equal(n, 0)
	is.True(p.alive(t, p.login(t, "user"))) // the user can sign in again
}

// OWASP ASVS 7.4.3: after a change of password, all other sessions are ended.
func TestRevokeAll_ASVS_7_4_3_ExceptTheCurrent(t *testing.T) {
	is := is.New(t)
	p := newWorld(t, &sessions.Config[cart]{})
	a, b, current := p.login(t, "user"), p.login(t, "user"), p.login(t, "user")
	n, err := p.RevokeAll(t.Context(), "user", current.Handle())
	is.NoErr(err)
	is.Equal(n, 2)
	is.True(!p.alive(t, a) && !p.alive(t, b) && p.alive(t, current))
}

func TestRevokeAll_BeatsALoginUnderWay(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	for _, stored := range []bool{false, true} {
		s := w.Create()
		if stored {
			is.NoErr(w.Save(t.Context(), s))
		}
		w.store.Once("LoadRosters", func(c *cued.Call) error {
			err := c.Do()
			_, revokeErr := w.other.RevokeAll(t.Context(), "user")
			is.NoErr(revokeErr)
			return err
		})
		wants.Err(t, w.Authenticate(t.Context(), s, "user"), sessions.ErrRevoked)
		is.Equal(len(w.handles(t, "user")), 0)
		is.Equal(w.alive(t, s), stored) // as before
		is.NoErr(w.Authenticate(t.Context(), s, "user"))
	}
}

func TestRevokeAll_BeatsARenewalUnderWay(t *testing.T) {
	is := is.New(t)
	p := newWorld(t, &sessions.Config[cart]{})
	for range 50 {
		s := p.login(t, "user")
		var both sync.WaitGroup
		both.Go(func() { _ = p.Renew(t.Context(), s) })
		both.Go(func() {
			_, err := p.other.RevokeAll(t.Context(), "user")
			is.NoErr(err)
		})
		both.Wait()
		is.True(!p.alive(t, s))
		is.Equal(p.mem.Len(), 0)
	}
}

func TestRevokeAll_GoesOnAfterAFailure(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	for range 5 {
		w.login(t, "user")
	}
	failures := 3
	w.store.On("any", func(c *cued.Call) error {
		if failures--; failures >= 0 {
			return sessions.ErrUnavailable
		}
		return c.Do()
	})
	n, err := w.RevokeAll(t.Context(), "user")
	is.NoErr(err)
	is.Equal(n, 5)

	w.login(t, "user")
	failures = 1000
	_, err = w.RevokeAll(t.Context(), "user")
	wants.Err(t, err, sessions.ErrUnavailable) // it gives up
	failures = 0
	n, err = w.RevokeAll(t.Context(), "user")
	is.NoErr(err)
	is.Equal(n, 1)
}

// If one session can't be ended, RevokeAll returns an error, and the next call ends it.
func TestRevokeAll_SaysThatOneCouldNotBeEnded(t *testing.T) {
	for _, failure := range []error{sessions.ErrUnavailable, sessions.ErrOutcomeUnknown} {
		is := is.New(t)
		w := newWorld(t, nil)
		var handles []string
		for range 3 {
			handles = append(handles, w.login(t, "user").Handle())
		}
		w.store.On("End", func(c *cued.Call) error {
			if c.Key == handles[1] {
				return failure
			}
			return c.Do()
		})
		before, err := w.RevokeAll(t.Context(), "user")
		wants.Err(t, err, failure)
		w.store.Off()
		_, err = w.mem.Load(t.Context(), handles[1])
		is.NoErr(err) // it is alive
		after, err := w.RevokeAll(t.Context(), "user")
		is.NoErr(err)
		is.Equal(before+after, 3)
		for _, handle := range handles {
			_, err = w.mem.Load(t.Context(), handle)
			wants.Err(t, err, driver.ErrEnded)
		}
	}
}

func TestDevice_IsStoredByTheLogin(t *testing.T) {
	is := is.New(t)
	p := newWorld(t, &sessions.Config[cart]{})
	s := p.Create()
	s.Device = sessions.Device{Name: strings.Repeat("n", 200), IP: strings.Repeat("1", 56)}
	is.NoErr(p.Authenticate(t.Context(), s, "user"))
	got, err := p.other.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(got.Device, s.Device)
}

func TestDevice_HasABound(t *testing.T) {
	is := is.New(t)
	p := newWorld(t, &sessions.Config[cart]{})
	for d, want := range map[sessions.Device]string{
		{Name: strings.Repeat("n", 200), IP: strings.Repeat("1", 57)}: "Session.Device has 257 bytes, must have at most 256",
		{Name: "\xff"}: "Session.Device must be UTF-8",
		{IP: "\xff"}:   "Session.Device must be UTF-8",
	} {
		s := p.Create()
		s.Device = d
		err := p.Authenticate(t.Context(), s, "user")
		is.True(err != nil)
		wants.Text(t, err, want)
		is.Equal(p.mem.Len(), 0)
	}
}

// An entry's deadline is never earlier than its session's, since an entry whose deadline has passed
// is dropped without reading the session. So every change that prolongs a session keeps it listed,
// in any order.
func TestListed_ASessionThatLivesLonger(t *testing.T) {
	longer := func(w world, s *sessions.Session[cart], by time.Duration) error {
		s.IdleTimeout, s.AbsoluteTimeout = by, by
		return w.Save(t.Context(), s)
	}
	for name, extend := range map[string]func(t *testing.T, w world, s *sessions.Session[cart]) *sessions.Session[cart]{
		"by a save": func(t *testing.T, w world, s *sessions.Session[cart]) *sessions.Session[cart] {
			is.New(t).NoErr(longer(w, s, 100*time.Hour))
			return s
		},
		"by the renewal": func(t *testing.T, w world, s *sessions.Session[cart]) *sessions.Session[cart] {
			s.IdleTimeout, s.AbsoluteTimeout = 100*time.Hour, 100*time.Hour
			is.New(t).NoErr(w.Renew(t.Context(), s))
			return s
		},
		"by a save during the renewal": func(t *testing.T, w world, s *sessions.Session[cart]) *sessions.Session[cart] {
			is := is.New(t)
			held, err := w.other.Load(t.Context(), s.ID().Secret())
			is.NoErr(err)
			// Before the commit.
			w.at(3, false, func() { is.NoErr(longer(w.swapped(), held, 100*time.Hour)) })
			is.NoErr(w.Renew(t.Context(), s))
			w.store.Off()
			is.Equal(s.AbsoluteTimeout, 100*time.Hour)
			return s
		},
		"by a save that another one overtook": func(t *testing.T, w world, s *sessions.Session[cart]) *sessions.Session[cart] {
			is := is.New(t)
			held, err := w.other.Load(t.Context(), s.ID().Secret())
			is.NoErr(err)
			held.Data.Count = 1
			s.Data.Count = 2
			// Before it writes.
			w.at(2, false, func() { is.NoErr(longer(w.swapped(), held, 100*time.Hour)) })
			wants.Err(t, longer(w, s, 13*time.Hour), sessions.ErrConflict)
			w.store.Off()
			return held
		},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			w := newWorld(t, nil)
			for range 3 {
				w.login(t, "user") // their deadlines will have passed
			}
			s := extend(t, w, w.login(t, "user"))
			w.clock.Advance(40 * time.Hour)
			is.True(w.alive(t, s))
			for range 3 {
				w.login(t, "user") // drops entries whose deadline has passed
			}
			is.Equal(len(w.handles(t, "user")), 4)
			_, err := w.RevokeAll(t.Context(), "user")
			is.NoErr(err)
			is.True(!w.alive(t, s))
		})
	}
}

// A text that is not a handle is ErrNotFound, and neither the error nor an event repeats it.
func TestRevoke_OfWhatIsNoHandle(t *testing.T) {
	is := is.New(t)
	seen := &witness{}
	var log bytes.Buffer
	w := newWorld(t, &sessions.Config[cart]{Observer: event.Multi(seen, event.Log(slog.New(slog.NewTextHandler(&log, nil))))})
	s := w.login(t, "user")
	seen.took()
	for _, handle := range []string{
		"", "x", "forged\nlevel=INFO msg=\"all is well\"", strings.Repeat("f", 5<<20), strings.Repeat("F", 128), s.ID().Secret(),
		s.Handle() + "\n", " " + s.Handle(), s.Handle()[:127] + "\u202e", strings.Repeat("f", 127) + "\x00",
	} {
		log.Reset()
		err := w.Revoke(t.Context(), "user", handle)
		wants.Err(t, err, sessions.ErrNotFound)
		is.Equal(err.Error(), "sessions: revoke: session not found")
		events := seen.took()
		is.Equal(len(events), 1)
		is.Equal(events[0].Handle, "")
		is.True(log.Len() < 1000)
		is.True(len(handle) < 8 || !strings.Contains(log.String(), handle[:8]))
	}
	is.True(w.alive(t, s))
	wants.Err(t, w.Revoke(t.Context(), "user", strings.Repeat("f", 128)), sessions.ErrNotFound)
	is.NoErr(w.Revoke(t.Context(), "user", s.Handle()))
}

// Revoke ends a session that is renewed at the same time.
func TestRevoke_BesideARenewal(t *testing.T) {
	for n := 1; ; n++ {
		is := is.New(t)
		w := newWorld(t, nil)
		s := w.login(t, "user")
		handle := s.Handle()
		var renewErr error
		came := w.at(n, true, func() { renewErr = w.other.Renew(t.Context(), s) })
		err := w.Revoke(t.Context(), "user", handle)
		w.store.Off()
		if !*came {
			is.True(n > 2)
			return
		}
		is.NoErr(err)
		is.True(!w.alive(t, s))
		if renewErr != nil {
			wants.Err(t, renewErr, sessions.ErrNotFound)
		}
	}
}

// Revoke ends the session of the user who had it, or none: another user who signs in to it at the
// same time either stays signed in, or is told that the session has ended.
func TestRevoke_BesideALoginAsAnother(t *testing.T) {
	atEveryCall(func(n int, after bool) (came bool) {
		for _, renewed := range []bool{false, true} {
			is := is.New(t)
			w := newWorld(t, nil)
			s := w.login(t, "user")
			handle := s.Handle()
			if renewed {
				is.NoErr(w.Renew(t.Context(), s))
			}
			var loginErr error
			at := w.at(n, after, func() { loginErr = w.other.Authenticate(t.Context(), s, "another") })
			err := w.Revoke(t.Context(), "user", handle)
			w.store.Off()
			if !*at {
				continue
			}
			came = true
			if loginErr == nil {
				wants.Err(t, err, sessions.ErrRenewed)
			} else {
				is.NoErr(err)
				wants.Err(t, loginErr, sessions.ErrNotFound)
			}
			is.Equal(w.alive(t, s), loginErr == nil)
			is.Equal(len(w.handles(t, "another")) == 1, loginErr == nil)
			is.Equal(len(w.handles(t, "user")), 0)
		}
		return came
	})
}

// A session whose lists can't be told of its later deadline keeps the one that it has: a list that
// believes it dead would drop it, and no revocation would find it.
func TestListed_NoLongerThanItsListsSay(t *testing.T) {
	for _, list := range []string{"subject:", "federated:"} {
		t.Run(list, func(t *testing.T) {
			is := is.New(t)
			w := newWorld(t, nil)
			s := w.Create()
			s.Federated = "https://id.example 1"
			is.NoErr(w.Authenticate(t.Context(), s, "user"))
			before := w.record(t, s).Rev
			w.store.On("ChangeRoster", func(c *cued.Call) error {
				if strings.HasPrefix(c.Key, list) {
					return driver.ErrUnavailable
				}
				return c.Do()
			})
			s.AbsoluteTimeout = 100 * time.Hour
			s.Data.Count++
			wants.Err(t, w.Save(t.Context(), s), sessions.ErrUnavailable)
			is.Equal(w.record(t, s).Rev, before) // nothing is stored
			wants.Err(t, w.Renew(t.Context(), s), sessions.ErrUnavailable)
			is.Equal(w.record(t, s).Rev, before) // nothing is stored
			w.store.Off()
			is.NoErr(w.Save(t.Context(), s))
			is.Equal(w.record(t, s).AbsoluteTimeout, 100*time.Hour)
		})
	}
}

// A revocation drops what it has ended from its list at once, not session by session.
func TestRevokeAll_ChangesItsListAFewTimes(t *testing.T) {
	for name, c := range map[string]struct {
		list   string
		revoke func(w world, ctx ctx) (int, error)
	}{
		"a subject's": {"subject:", func(w world, ctx ctx) (int, error) { return w.RevokeAll(ctx, "user") }},
		"a provider's": {"federated:", func(w world, ctx ctx) (int, error) {
			return w.RevokeFederated(ctx, "https://id.example 1")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			w := newWorld(t, nil)
			for range 4 { // as many as the head has
				s := w.Create()
				s.Federated = "https://id.example 1"
				is.NoErr(w.Authenticate(t.Context(), s, "user"))
			}
			changes, others := 0, 0
			w.store.On("ChangeRoster", func(call *cued.Call) error {
				if strings.HasPrefix(call.Key, c.list) {
					changes++
				} else {
					others++
				}
				return call.Do()
			})
			n, err := c.revoke(w, t.Context())
			is.NoErr(err)
			is.Equal(n, 4)
			is.Equal(changes, 2) // the epoch is counted up, and all leave
			is.Equal(others, 4)  // the lists of others have each one less
		})
	}
}

// A renewal stores neither a device nor a provider's session that was set since the login, and the
// session that it returns has those that are stored.
func TestRenew_HasTheDeviceThatIsStored(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.Create()
	s.Device, s.Federated = sessions.Device{Name: "at the login"}, "https://id.example 1"
	is.NoErr(w.Authenticate(t.Context(), s, "user"))
	s.Device, s.Federated = sessions.Device{Name: "later"}, "https://id.example 2"
	is.NoErr(w.Renew(t.Context(), s))
	is.Equal(s.Device, sessions.Device{Name: "at the login"})
	is.Equal(s.Federated, "https://id.example 1")
	is.Equal(w.record(t, s).Device, s.Device)
	is.Equal(w.record(t, s).Federated, s.Federated)
}

package web_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/web"
)

func TestAuthenticate_GivesANewIDAndTheOldOneIsDead(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	before := s.stored(t, visitor{Visits: 1})
	w := s.get(func(w http.ResponseWriter, r *http.Request) {
		s.session(t, r).Data.Name = "n"
		is.NoErr(s.Authenticate(r.Context(), "user-1"))
		is.Equal(s.store.took(), "Load LoadRosters ChangeRoster Create End") // the change went along
		_, _ = w.Write([]byte("welcome"))
	}, before)
	is.Equal(s.store.took(), "") // nothing is left to save
	after := cookie(t, w).Value
	is.True(after != before)
	is.Equal(s.data(t, after), visitor{Name: "n", Visits: 1})
	_, err := s.manager.Load(t.Context(), before)
	wants.Err(t, err, sessions.ErrNotFound)
}

// Fixation: an attacker who planted an ID, or knew it, gains nothing from the login.
func TestAuthenticate_APlantedSessionIsWorthNothingAfterTheLogin(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	planted := cookie(t, s.get(s.count(t))).Value // the attacker's own session, put into the victim's browser
	w := s.get(func(_ http.ResponseWriter, r *http.Request) { is.NoErr(s.Authenticate(r.Context(), "victim")) }, planted)
	is.True(cookie(t, w).Value != planted)
	s.get(func(_ http.ResponseWriter, r *http.Request) { is.Equal(s.session(t, r).Subject(), "") }, planted)
}

func TestTrap_OneSetCookieWithTheLastState(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(is *is.I, s site, r *http.Request)
		left int // items
	}{
		"create, renew": {func(is *is.I, s site, r *http.Request) {
			is.NoErr(s.Save(r.Context()))
			is.NoErr(s.Renew(r.Context()))
		}, 1},
		"create, login, renew": {func(is *is.I, s site, r *http.Request) {
			is.NoErr(s.Save(r.Context()))
			is.NoErr(s.Authenticate(r.Context(), "u"))
			is.NoErr(s.Renew(r.Context()))
		}, 1},
		"create, renew, destroy": {func(is *is.I, s site, r *http.Request) {
			is.NoErr(s.Save(r.Context()))
			is.NoErr(s.Renew(r.Context()))
			is.NoErr(s.Destroy(r.Context()))
		}, 0},
		"login, destroy, login": {func(is *is.I, s site, r *http.Request) {
			is.NoErr(s.Authenticate(r.Context(), "u"))
			is.NoErr(s.Destroy(r.Context()))
			is.NoErr(s.Authenticate(r.Context(), "u"))
		}, 1},
	} {
		for _, known := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", had one before: ", known), func(t *testing.T) {
				is := is.New(t)
				s := newSite(t, nil)
				var ids []string
				if known {
					ids = []string{s.stored(t, visitor{})}
				}
				w := s.get(func(_ http.ResponseWriter, r *http.Request) { c.do(is, s, r) }, ids...)
				is.Equal(s.mem.Len(), c.left)
				got := cookie(t, w) // at most one
				switch {
				case c.left == 1:
					s.data(t, got.Value)
				case known:
					is.True(got.MaxAge < 0)
				default:
					is.Equal(got, nil)
				}
			})
		}
	}
}

func TestDestroy_ThenThereIsANewOne(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	id := s.stored(t, visitor{Name: "n"})
	w := s.get(func(_ http.ResponseWriter, r *http.Request) {
		is.NoErr(s.Destroy(r.Context()))
		fresh := s.session(t, r)
		is.True(fresh.IsNew() && fresh.ID().Secret() != id)
		is.Equal(fresh.Data, visitor{})
	}, id)
	is.Equal(s.store.took(), "End") // without a load
	is.True(cookie(t, w).MaxAge < 0)
}

func TestDestroy_WithoutASessionCostsNothing(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	w := s.get(func(_ http.ResponseWriter, r *http.Request) { is.NoErr(s.Destroy(r.Context())) }, "garbage")
	is.Equal(s.store.took(), "")
	is.Equal(cookie(t, w), nil) // and what was sent is not ours
	is.Equal(cookie(t, s.get(func(_ http.ResponseWriter, r *http.Request) { is.NoErr(s.Destroy(r.Context())) })), nil)
}

func TestDestroy_ThatFailsIsTold(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	id := s.stored(t, visitor{})
	s.store.fails, s.store.on = errOut, "End"
	for _, loads := range []bool{false, true} {
		w := s.get(func(w http.ResponseWriter, r *http.Request) {
			if loads {
				s.session(t, r)
			}
			err := s.Destroy(r.Context())
			wants.Err(t, err, sessions.ErrUnavailable)
			http.Error(w, "you are still signed in", http.StatusServiceUnavailable)
		}, id)
		is.Equal(len(w.Header().Values("Set-Cookie")), 0) // kept: a cookie that is gone would hide that the session isn't
	}
}

func TestActions_AfterTheAnswerHasBegun(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	id := s.stored(t, visitor{})
	s.get(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("x"))
		wants.Err(t, s.Renew(r.Context()), web.ErrCommitted)
		wants.Err(t, s.Authenticate(r.Context(), "u"), web.ErrCommitted)
		is.Equal(s.store.took(), "") // and nothing was done
		is.NoErr(s.Destroy(r.Context()))
	}, id)
	is.Equal(s.mem.Len(), 0)

	s.get(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("x"))
		wants.Err(t, s.Save(r.Context()), web.ErrCommitted) // nobody could be told of a new one
	})
	is.Equal(s.mem.Len(), 0)
}

func TestSave_SavesWhatIsEmptyToo(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	w := s.get(func(_ http.ResponseWriter, r *http.Request) { is.NoErr(s.Save(r.Context())) })
	is.True(cookie(t, w) != nil)
	is.Equal(s.mem.Len(), 1)
}

func TestActions_AnErrorOfTheStoreIsTheirs(t *testing.T) {
	s := newSite(t, nil)
	id := s.stored(t, visitor{})
	s.store.fails = fmt.Errorf("%w: out", sessions.ErrUnavailable)
	s.get(func(_ http.ResponseWriter, r *http.Request) {
		for _, err := range []error{s.Save(r.Context()), s.Renew(r.Context()), s.Authenticate(r.Context(), "u"), s.Verify(r)} {
			wants.Err(t, err, sessions.ErrUnavailable)
		}
	}, id)
}

// A login with two factors is anonymous until the second: what the first step notes, and what it
// chooses, is the visitor's then.
func TestLogin_InTwoSteps(t *testing.T) {
	for _, before := range []string{"", "bob"} {
		t.Run("signed in before: "+before, func(t *testing.T) {
			is := is.New(t)
			s := newSite(t, nil)
			c := s.client()
			if before != "" {
				c.login(t, before)
			}
			c.do(http.MethodPost, "", func(_ http.ResponseWriter, r *http.Request) {
				s.session(t, r).Data.Name = "pending: ann, to be kept"
				is.NoErr(s.Renew(r.Context()))
			})
			subject, _ := c.seen(t)
			is.Equal(subject, before) // not yet
			c.do(http.MethodPost, "", func(_ http.ResponseWriter, r *http.Request) {
				got := s.session(t, r)
				is.Equal(got.Data.Name, "pending: ann, to be kept")
				got.Data.Name = ""
				got.IdleTimeout, got.AbsoluteTimeout = 30*24*time.Hour, 90*24*time.Hour
				is.NoErr(s.Persist(r.Context(), true))
				is.NoErr(s.Authenticate(r.Context(), "ann"))
			})
			subject, data := c.seen(t)
			is.Equal(subject, "ann")
			is.Equal(data, visitor{})
			s.clock.Advance(29 * 24 * time.Hour)
			c.do(http.MethodGet, "", func(_ http.ResponseWriter, r *http.Request) {
				got := s.session(t, r)
				is.Equal(got.Subject(), "ann")
				is.True(got.Persist)
			})
		})
	}
}

// Who closes an account gets a message on the next page: the session that it is in is a new one.
func TestDestroy_OfAnAccountThatIsClosed(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	c, elsewhere := s.client(), s.client()
	c.login(t, "ann")
	elsewhere.login(t, "ann")
	w := c.do(http.MethodPost, "", func(_ http.ResponseWriter, r *http.Request) {
		_, err := s.RevokeOthers(r.Context())
		is.NoErr(err)
		is.NoErr(s.Destroy(r.Context()))
		s.session(t, r).Data.Name = "your account is closed"
	})
	is.Equal(w.Code, http.StatusOK)
	subject, data := c.seen(t)
	is.Equal(subject, "")
	is.Equal(data.Name, "your account is closed")
	subject, _ = elsewhere.seen(t)
	is.Equal(subject, "")
	left, err := s.manager.Sessions(t.Context(), "ann")
	is.NoErr(err)
	is.Equal(len(left), 0)
}

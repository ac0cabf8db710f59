package sessions_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
)

// OWASP ASVS 7.4.5: everybody's sessions are ended at once.
func TestRevokeEverything_ASVS_7_4_5(t *testing.T) {
	is := is.New(t)
	p := newPeople(t, sessions.Config[cart]{RevocationCheck: 10 * time.Second})
	anonymous, err := p.here.CreateAndSave(t.Context(), cart{})
	is.NoErr(err)
	user := p.login(t, "user")
	is.True(p.alive(t, user)) // and so the other Manager has asked just now
	p.clock.Advance(time.Second)
	is.NoErr(p.here.RevokeBefore(t.Context()))
	_, err = p.here.Load(t.Context(), user.ID().Secret())
	is.True(errors.Is(err, sessions.ErrNotFound)) // who did it knows at once
	p.clock.Advance(9*time.Second - time.Millisecond)
	is.True(p.alive(t, user)) // others within the time of the check
	p.clock.Advance(time.Millisecond)
	is.True(!p.alive(t, user) && !p.alive(t, anonymous))
	is.True(p.alive(t, p.login(t, "user"))) // who signs in afterwards is in
	p.clock.Advance(time.Minute)
	is.NoErr(p.elsewhere.RevokeBefore(t.Context())) // once more
	is.True(!p.alive(t, user))
}

func TestRevokeEverything_CostsOneReadInAWhile(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, &sessions.Config[cart]{RevocationCheck: 10 * time.Second})
	s := w.saved(t, cart{})
	for range 100 {
		_, err := w.Load(t.Context(), s.ID().Secret())
		is.NoErr(err)
	}
	is.Equal(len(w.store.took()), 101)
	w.clock.Advance(10 * time.Second)
	_, err := w.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(len(w.store.took()), 2)
}

func TestRevokeEverything_IsRefusedWhereNobodyWouldNotice(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	is.True(strings.Contains(w.RevokeBefore(t.Context()).Error(), "Config.RevocationCheck is 0"))
	is.Equal(len(w.store.took()), 0)
	_, err := sessions.New(w.mem, &sessions.Config[cart]{RevocationCheck: time.Millisecond})
	is.True(strings.Contains(err.Error(), "Config.RevocationCheck is 1ms: must be at least 1s"))
}

func TestRevokeEverything_AnOutageOfTheCheckIsOneOfTheLoad(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, &sessions.Config[cart]{RevocationCheck: 10 * time.Second})
	s := w.saved(t, cart{})
	w.store.load = func(ctx ctx, key string) (driver.Record, error) {
		if strings.HasPrefix(key, "incident:") {
			return driver.Record{}, sessions.ErrUnavailable
		}
		return w.mem.Load(ctx, key)
	}
	_, err := w.Load(t.Context(), s.ID().Secret())
	is.True(errors.Is(err, sessions.ErrUnavailable))
}

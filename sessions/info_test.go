package sessions_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions"
)

// OWASP ASVS 7.5.2: users can list their sessions.
func TestSessions_ASVS_7_5_2_ListsASubjectsOwn(t *testing.T) {
	is := is.New(t)
	p := newPeople(t, sessions.Config[cart]{})
	is.Equal(len(p.handles(t, "user")), 0)
	a := p.here.Create()
	a.Device = sessions.Device{Name: "Firefox on Linux", IP: "192.0.2.1"}
	a.Data.Items = []string{"s3cret-data"}
	is.NoErr(p.here.Authenticate(t.Context(), a, "user"))
	p.clock.Advance(time.Hour)
	b := p.login(t, "user")
	p.login(t, "another")

	infos, err := p.elsewhere.Sessions(t.Context(), "user")
	is.NoErr(err)
	is.Equal(len(infos), 2)
	is.Equal(infos[0].Handle, b.Handle()) // the last seen comes first
	is.Equal(infos[1], sessions.Info{
		Handle: a.Handle(), Created: a.CreatedAt(), Accessed: a.AccessedAt(), ExpiresAt: a.ExpiresAt(),
		Device: sessions.Device{Name: "Firefox on Linux", IP: "192.0.2.1"},
	})
	text := fmt.Sprintf("%+v", infos)
	is.True(!strings.Contains(text, a.ID().Secret()))
	is.True(!strings.Contains(text, "s3cret-data"))
	_, err = p.here.Load(t.Context(), infos[0].Handle)
	is.True(errors.Is(err, sessions.ErrInvalidID)) // a handle lets nobody in
}

func TestSessions_FollowsRenewalLoginLogoutAndTime(t *testing.T) {
	is := is.New(t)
	p := newPeople(t, sessions.Config[cart]{})
	s := p.login(t, "user")
	is.NoErr(p.here.Renew(t.Context(), s))
	is.Equal(p.handles(t, "user"), []string{s.Handle()})
	is.NoErr(p.here.Authenticate(t.Context(), s, "user")) // again
	is.Equal(p.handles(t, "user"), []string{s.Handle()})
	is.NoErr(p.here.Authenticate(t.Context(), s, "another")) // as somebody else
	is.Equal(len(p.handles(t, "user")), 0)
	is.Equal(p.handles(t, "another"), []string{s.Handle()})
	is.NoErr(p.here.Destroy(t.Context(), s))
	is.Equal(len(p.handles(t, "another")), 0)

	s = p.login(t, "user")
	is.NoErr(p.here.DestroyID(t.Context(), s.ID().Secret()))
	is.Equal(len(p.handles(t, "user")), 0)
	p.login(t, "user")
	p.clock.Advance(2 * time.Hour)
	is.Equal(len(p.handles(t, "user")), 0) // idled out
}

func TestSessions_OfALongerLifeStayListed(t *testing.T) {
	is := is.New(t)
	p := newPeople(t, sessions.Config[cart]{})
	s := p.login(t, "user")
	s.IdleTimeout, s.AbsoluteTimeout = 40*24*time.Hour, 40*24*time.Hour
	is.NoErr(p.here.Save(t.Context(), s)) // the roster has to be kept as long
	p.clock.Advance(39 * 24 * time.Hour)
	p.login(t, "else") // a write, which sweeps
	is.Equal(p.handles(t, "user"), []string{s.Handle()})
}

func TestSessions_WhoseNamesAreAnything(t *testing.T) {
	is := is.New(t)
	p := newPeople(t, sessions.Config[cart]{})
	names := append(subjects(3), "ü😀\x00\n", strings.Repeat("x", 1024), "subject:x", "incident:not-before", " ")
	want := map[string]string{}
	for _, name := range names {
		s := p.login(t, name)
		want[name] = s.Handle()
	}
	for _, name := range names {
		is.Equal(p.handles(t, name), []string{want[name]})
	}
	for _, bad := range []string{"", strings.Repeat("x", 1025), "\xff"} {
		_, err := p.here.Sessions(t.Context(), bad)
		is.True(err != nil)
		is.True(p.here.Authenticate(t.Context(), p.here.Create(), bad) != nil)
	}
}

func TestSessions_OfAStoreWithoutRosters(t *testing.T) {
	is := is.New(t)
	m, err := sessions.New[cart](plainStore(), nil)
	is.NoErr(err)
	s := m.Create()
	is.NoErr(m.Authenticate(t.Context(), s, "user")) // works, and is in no list
	_, err = m.Sessions(t.Context(), "user")
	is.True(strings.Contains(err.Error(), "keeps no rosters"))
	_, err = m.RevokeAll(t.Context(), "user")
	is.True(strings.Contains(err.Error(), "keeps no rosters"))
	is.True(strings.Contains(m.Revoke(t.Context(), "user", s.Handle()).Error(), "keeps no rosters"))
}

package lifecycle_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
)

// login returns a new session signed in as subject.
func login(t *testing.T, m *sessions.Manager[cart], subject string) *sessions.Session[cart] {
	t.Helper()
	s := m.Create()
	if err := m.Authenticate(t.Context(), s, subject); err != nil {
		t.Fatal(err)
	}
	return s
}

func alive(t *testing.T, m *sessions.Manager[cart], s *sessions.Session[cart]) bool {
	t.Helper()
	_, err := m.Load(t.Context(), s.ID().Secret())
	if err != nil && !errors.Is(err, sessions.ErrNotFound) {
		t.Fatal(err)
	}
	return err == nil
}

func TestSubjects_ListRevokeAndRevokeAll(t *testing.T) {
	places(t, func(t *testing.T, p place) {
		is := is.New(t)
		here, elsewhere := manager(t, p, sessions.Config[cart]{}), manager(t, p, sessions.Config[cart]{})
		s := here.Create()
		s.Device = sessions.Device{Name: "Firefox on Linux", IP: "192.0.2.1"}
		is.NoErr(here.Authenticate(t.Context(), s, "user"))
		p.clock.Advance(time.Minute)
		is.NoErr(here.Renew(t.Context(), s))
		b := login(t, here, "user")
		foreign := login(t, here, "another")

		infos, err := elsewhere.Sessions(t.Context(), "user")
		is.NoErr(err)
		is.Equal(len(infos), 2)
		for _, i := range infos {
			if i.Handle == s.Handle() {
				is.Equal(i.Device, s.Device)
				is.Equal(i.Created, s.CreatedAt())
			}
		}
		wants.Err(t, elsewhere.Revoke(t.Context(), "user", foreign.Handle()), sessions.ErrNotFound)
		is.NoErr(elsewhere.Revoke(t.Context(), "user", b.Handle()))
		is.True(alive(t, here, s) && !alive(t, here, b))
		c := login(t, here, "user")
		n, err := elsewhere.RevokeAll(t.Context(), "user", c.Handle())
		is.NoErr(err)
		is.Equal(n, 1)
		is.True(!alive(t, here, s) && alive(t, here, c) && alive(t, here, foreign))
	})
}

func TestSubjects_TheLimitIsExactForFiftyLoginsAtOnce(t *testing.T) {
	for _, evict := range []bool{false, true} {
		t.Run(fmt.Sprint("evict ", evict), func(t *testing.T) {
			places(t, func(t *testing.T, p place) {
				is := is.New(t)
				var all sync.WaitGroup
				for range 5 {
					m := manager(t, p, sessions.Config[cart]{SubjectLimit: sessions.SubjectLimit{Max: 3, Evict: evict}})
					for range 10 {
						all.Go(func() {
							err := m.Authenticate(t.Context(), m.Create(), "user")
							if err != nil && (evict || !errors.Is(err, sessions.ErrLimit)) {
								t.Error(err)
							}
						})
					}
				}
				all.Wait()
				infos, err := manager(t, p, sessions.Config[cart]{}).Sessions(t.Context(), "user")
				is.NoErr(err)
				is.Equal(len(infos), 3)
			})
		})
	}
}

func TestSubjects_RevokeAllOfMany(t *testing.T) {
	places(t, func(t *testing.T, p place) {
		is := is.New(t)
		m := manager(t, p, sessions.Config[cart]{})
		var all []*sessions.Session[cart]
		for range 120 { // enough for several pages
			all = append(all, login(t, m, "user"))
		}
		n, err := m.RevokeAll(t.Context(), "user")
		is.NoErr(err)
		is.Equal(n, 120)
		for _, s := range all {
			is.True(!alive(t, m, s))
		}
	})
}

func TestSubjects_Everything(t *testing.T) {
	places(t, func(t *testing.T, p place) {
		is := is.New(t)
		here := manager(t, p, sessions.Config[cart]{RevocationCheck: time.Second})
		elsewhere := manager(t, p, sessions.Config[cart]{RevocationCheck: time.Second})
		s := login(t, here, "user")
		p.clock.Advance(time.Second)
		is.NoErr(here.RevokeBefore(t.Context(), p.clock.Now()))
		is.True(!alive(t, elsewhere, s))
		is.True(alive(t, elsewhere, login(t, here, "user")))
	})
}

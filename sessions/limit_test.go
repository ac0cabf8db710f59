package sessions_test

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions"
)

// OWASP ASVS 7.1.2.
func TestSubjectLimit_ASVS_7_1_2_RefusesTheNewOne(t *testing.T) {
	is := is.New(t)
	p := newPeople(t, sessions.Config[cart]{SubjectLimit: sessions.SubjectLimit{Max: 2}})
	a, _ := p.login(t, "user"), p.login(t, "user")
	third := p.here.Create()
	err := p.here.Authenticate(t.Context(), third, "user")
	is.True(errors.Is(err, sessions.ErrLimit))
	is.True(strings.Contains(err.Error(), "has 2, and may have 2"))
	is.True(!p.alive(t, third))
	p.login(t, "another")                                 // others have their own
	is.NoErr(p.here.Renew(t.Context(), a))                // a renewal is none more
	is.NoErr(p.here.Authenticate(t.Context(), a, "user")) // nor is a login again
	is.NoErr(p.here.Destroy(t.Context(), a))
	is.NoErr(p.here.Authenticate(t.Context(), third, "user")) // now there is room
}

func TestSubjectLimit_EvictsTheLongestUnseen(t *testing.T) {
	is := is.New(t)
	p := newPeople(t, sessions.Config[cart]{SubjectLimit: sessions.SubjectLimit{Max: 2, Evict: true}})
	a := p.login(t, "user")
	p.clock.Advance(10 * time.Minute)
	b := p.login(t, "user")
	p.clock.Advance(10 * time.Minute)
	is.True(p.alive(t, a)) // seen again, later than b
	c := p.login(t, "user")
	is.True(p.alive(t, a) && !p.alive(t, b) && p.alive(t, c))
}

func TestSubjectLimit_TheDeadTakeNoRoom(t *testing.T) {
	is := is.New(t)
	p := newPeople(t, sessions.Config[cart]{SubjectLimit: sessions.SubjectLimit{Max: 1}})
	p.login(t, "user")
	p.clock.Advance(2 * time.Hour) // idled out, and in the roster still
	s := p.login(t, "user")
	is.NoErr(p.here.DestroyID(t.Context(), s.ID().Secret())) // by the ID alone, the roster isn't told
	p.login(t, "user")
}

func TestSubjectLimit_IsExactForFiftyLoginsAtOnce(t *testing.T) {
	for _, evict := range []bool{false, true} {
		is := is.New(t)
		p := newPeople(t, sessions.Config[cart]{SubjectLimit: sessions.SubjectLimit{Max: 3, Evict: evict}})
		var all sync.WaitGroup
		var in atomic.Int32
		for range 50 {
			all.Go(func() {
				err := p.here.Authenticate(t.Context(), p.here.Create(), "user")
				if err == nil {
					in.Add(1)
				} else if evict || !errors.Is(err, sessions.ErrLimit) {
					t.Error(err)
				}
			})
		}
		all.Wait()
		is.Equal(len(p.handles(t, "user")), 3)
		is.Equal(p.mem.Len(), 3)
		is.True(in.Load() == 3 || evict)
	}
}

func TestSubjectLimit_IsChecked(t *testing.T) {
	is := is.New(t)
	for want, cfg := range map[string]sessions.SubjectLimit{
		"Config.SubjectLimit.Max is -1: must be at least 0":     {Max: -1},
		"Config.SubjectLimit.Max is 2501: must be at most 2500": {Max: 2501},
		"Config.SubjectLimit.Evict: must be with a Max":         {Evict: true},
		"Config.SubjectLimit: the store keeps no rosters":       {Max: 1},
	} {
		_, err := sessions.New(plainStore(), &sessions.Config[cart]{SubjectLimit: cfg})
		is.True(err != nil)
		is.True(strings.Contains(err.Error(), want))
	}
}

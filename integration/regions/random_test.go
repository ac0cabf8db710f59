package regions_test

import (
	"maps"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/matryer/is"
	"pgregory.net/rapid"

	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
)

// known is what the users know of their sessions.
type known struct {
	begun []string          // the IDs signed in, oldest login first
	alive map[string]string // the user of each ID
	saves map[string]int    // the acknowledged saves of each ID
	dead  map[string]bool   // IDs whose end was written in every Region
}

// TestHome_RandomWorlds runs random operations on two hosts. Meanwhile replication lags, the other
// Region may be cut off, the home moves as planned, and sometimes it fails before all is
// replicated. What has ended stays ended in any case. Unless a home fails, nobody is signed out and
// no save is lost.
func TestHome_RandomWorlds(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		x := newScene(t, home, 0)
		x.I = is.New(failer{r})
		k := known{nil, map[string]string{}, map[string]int{}, map[string]bool{}}
		at, isCut := "eu", false
		hosts := map[string]*sessions.Manager[cart]{"eu": x.eu, "us": x.us}
		other := func() string {
			if at == "eu" {
				return "us"
			}
			return "eu"
		}
		host := func() *sessions.Manager[cart] {
			region := rapid.SampledFrom([]string{"eu", "us"}).Draw(r, "host")
			if isCut { // users of the other Region were sent here
				region = at
			}
			return hosts[region]
		}
		some := func() string {
			if len(k.alive) == 0 {
				r.Skip("nobody is signed in")
			}
			return k.begun[rapid.IntRange(0, len(k.begun)-1).Draw(r, "session")]
		}
		ended := func(id string) {
			k.begun = slices.DeleteFunc(k.begun, func(b string) bool { return b == id })
			delete(k.alive, id)
			delete(k.saves, id)
			if !isCut {
				k.dead[id] = true
			}
		}
		user := func() string { return "user " + strconv.Itoa(rapid.IntRange(0, 1).Draw(r, "user")) }
		r.Repeat(map[string]func(*rapid.T){
			"login": func(*rapid.T) {
				u := user()
				id := x.login(host(), u)
				k.begun, k.alive[id] = append(k.begun, id), u
			},
			"save": func(*rapid.T) {
				id := some()
				_, err := host().Update(x.ctx, id, func(c *cart) error { c.Apples++; return nil })
				x.NoErr(err)
				k.saves[id]++
			},
			"renew": func(*rapid.T) {
				id, m := some(), host()
				s := x.load(m, id)
				x.NoErr(m.Renew(x.ctx, s))
				now := s.ID().Secret()
				k.begun = append(k.begun, now)
				k.alive[now], k.saves[now] = k.alive[id], k.saves[id]
				ended(id)
			},
			"logout": func(*rapid.T) {
				id := some()
				x.NoErr(host().DestroyID(x.ctx, id))
				ended(id)
			},
			"revoke": func(*rapid.T) {
				u := user()
				n, err := host().RevokeAll(x.ctx, u)
				x.NoErr(err)
				for id, of := range maps.Clone(k.alive) {
					if of == u {
						ended(id)
						n--
					}
				}
				x.True(n >= 0) // a Region that is back may have revived others
			},
			"replicate": func(*rapid.T) { x.settle() },
			"wait":      func(*rapid.T) { x.world.Clock.Advance(time.Second) },
			"cut": func(*rapid.T) {
				isCut = !isCut
				x.world.Cut(other(), isCut)
			},
			"move": func(*rapid.T) {
				if isCut {
					r.Skip("not while the other Region is cut off")
				}
				x.moveHome("")
				x.settle()
				at = other()
				x.moveHome(at)
			},
			"fail": func(*rapid.T) {
				if isCut || rapid.IntRange(0, 4).Draw(r, "luck") > 0 {
					r.Skip("not now")
				}
				failed := at
				x.world.Fail(failed, true)
				at = other()
				x.moveHome(at)
				for id := range k.dead {
					x.True(!x.lives(hosts[at], id))
				}
				x.world.Fail(failed, false)
				x.settle()
				k.begun = nil // what was lost or revived needs RevokeBefore
				clear(k.alive)
				clear(k.saves)
			},
			"": func(*rapid.T) {
				m := host()
				for id := range k.alive {
					s, err := m.Load(x.ctx, id)
					x.NoErr(err)
					x.Equal(s.Data.Apples, k.saves[id])
				}
				for id := range k.dead {
					_, err := m.Load(x.ctx, id)
					wants.Err(t, err, sessions.ErrNotFound)
				}
			},
		})
	})
}

// failer lets is report failures to rapid.
type failer struct{ r *rapid.T }

func (f failer) Fail()           { f.r.Fail() }
func (f failer) FailNow()        { f.r.FailNow() }
func (f failer) Log(args ...any) { f.r.Log(args...) }

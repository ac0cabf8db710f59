package sessions_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/internal/cued"
	"github.com/dynasession/dynasession/sessions/memstore"
)

// OWASP ASVS 7.1.2.
func TestSubjectLimit_ASVS_7_1_2_RefusesTheNewOne(t *testing.T) {
	is := is.New(t)
	p := newWorld(t, &sessions.Config[cart]{SubjectLimit: sessions.SubjectLimit{Max: 2}})
	a, _ := p.login(t, "user"), p.login(t, "user")
	third := p.Create()
	err := p.Authenticate(t.Context(), third, "user")
	wants.Err(t, err, sessions.ErrLimit)
	wants.Text(t, err, "has 2, may have 2")
	is.True(!p.alive(t, third))
	p.login(t, "another")                            // other subjects have their own cap
	is.NoErr(p.Renew(t.Context(), a))                // a renewal doesn't add one
	is.NoErr(p.Authenticate(t.Context(), a, "user")) // nor does another login of the same session
	is.NoErr(p.Destroy(t.Context(), a))
	is.NoErr(p.Authenticate(t.Context(), third, "user")) // now there is room
}

func TestSubjectLimit_EvictsTheLongestUnseen(t *testing.T) {
	is := is.New(t)
	p := newWorld(t, &sessions.Config[cart]{SubjectLimit: sessions.SubjectLimit{Max: 2, Evict: true}})
	a := p.login(t, "user")
	p.clock.Advance(10 * time.Minute)
	b := p.login(t, "user")
	p.clock.Advance(10 * time.Minute)
	is.True(p.alive(t, a)) // used again, later than b
	c := p.login(t, "user")
	is.True(p.alive(t, a) && !p.alive(t, b) && p.alive(t, c))
}

func TestSubjectLimit_TheDeadTakeNoRoom(t *testing.T) {
	is := is.New(t)
	p := newWorld(t, &sessions.Config[cart]{SubjectLimit: sessions.SubjectLimit{Max: 1}})
	p.login(t, "user")
	p.clock.Advance(2 * time.Hour) // idled out, but still in the roster
	s := p.login(t, "user")
	// By the ID only: the entry stays in the roster.
	is.NoErr(p.DestroyID(t.Context(), s.ID().Secret()))
	p.login(t, "user")
}

func TestSubjectLimit_IsExactForFiftyLoginsAtOnce(t *testing.T) {
	for _, evict := range []bool{false, true} {
		is := is.New(t)
		p := newWorld(t, &sessions.Config[cart]{SubjectLimit: sessions.SubjectLimit{Max: 3, Evict: evict}})
		var all sync.WaitGroup
		var in atomic.Int32
		for range 50 {
			all.Go(func() {
				err := p.Authenticate(t.Context(), p.Create(), "user")
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
		"Config.SubjectLimit.Max is -1: must be at least 0": {Max: -1},
		"Config.SubjectLimit.Evict: must be with a Max":     {Evict: true},
	} {
		_, err := sessions.New(memstore.New(nil), &sessions.Config[cart]{SubjectLimit: cfg})
		is.True(err != nil)
		wants.Text(t, err, want)
	}
}

// The limit is exact although some logins break off after they have entered the list and before
// they have stored a session, and although others are renewed.
func TestSubjectLimit_IsExactBesideCrashesAndRenewals(t *testing.T) {
	for _, evict := range []bool{false, true} {
		t.Run(fmt.Sprint("evict ", evict), func(t *testing.T) {
			is := is.New(t)
			w := newWorld(t, &sessions.Config[cart]{SubjectLimit: sessions.SubjectLimit{Max: 3, Evict: evict}})
			crashing := cued.New(w.mem)
			crashing.On("Create", func(*cued.Call) error { return errCrash })
			crashing.On("End", func(*cued.Call) error { return errCrash })
			hopeless, err := sessions.New(crashing, &sessions.Config[cart]{SubjectLimit: sessions.SubjectLimit{Max: 3, Evict: evict}})
			is.NoErr(err)
			renewed := w.login(t, "user")
			var all sync.WaitGroup
			var most, alive atomic.Int32
			for range 20 {
				all.Go(func() { _ = hopeless.Authenticate(t.Context(), hopeless.Create(), "user") })
				all.Go(func() {
					err := w.Authenticate(t.Context(), w.Create(), "user")
					if err != nil && (evict || !errors.Is(err, sessions.ErrLimit)) {
						t.Error(err)
					}
					n := int32(len(w.handles(t, "user")))
					for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
					}
				})
			}
			all.Go(func() {
				for range 20 {
					if err := w.Renew(t.Context(), renewed); err != nil && !errors.Is(err, sessions.ErrNotFound) {
						t.Error(err)
					}
				}
			})
			all.Wait()
			alive.Store(int32(len(w.handles(t, "user"))))
			is.True(alive.Load() <= 3)
			// A renewal under way has two records, but no client knows the second.
			is.True(most.Load() <= 4)
			is.NoErr(relogin(t, w, evict))
			is.True(len(w.handles(t, "user")) <= 3)
		})
	}
}

var errCrash = errors.New("the process has died")

// relogin signs in again, which a limit without eviction may refuse.
func relogin(t *testing.T, w world, evict bool) error {
	err := w.Authenticate(t.Context(), w.Create(), "user")
	if !evict && errors.Is(err, sessions.ErrLimit) {
		return nil
	}
	return err
}

// A session that is being renewed takes one place, not two: it neither keeps out nor evicts
// another.
func TestSubjectLimit_ARenewalUnderWayTakesOnePlace(t *testing.T) {
	for _, evict := range []bool{false, true} {
		for n := 1; n <= 4; n++ {
			t.Run(fmt.Sprintf("evict %v, call %d", evict, n), func(t *testing.T) {
				is := is.New(t)
				w := newWorld(t, &sessions.Config[cart]{SubjectLimit: sessions.SubjectLimit{Max: 3, Evict: evict}})
				a := w.login(t, "user")
				w.clock.Advance(time.Minute)
				b := w.login(t, "user")
				w.clock.Advance(time.Minute)
				c := w.Create()
				w.at(n, true, func() { is.NoErr(w.other.Authenticate(t.Context(), c, "user")) })
				is.NoErr(w.Renew(t.Context(), b))
				w.store.Off()
				is.True(w.alive(t, a) && w.alive(t, b) && w.alive(t, c))
			})
		}
	}
}

// A limit stays exact if a session in one of the list's pages is renewed while a login counts: that
// changes the page, and not the head, which the login is conditional on.
func TestSubjectLimit_ARenewalInAPageIsCounted(t *testing.T) {
	for _, limit := range []sessions.SubjectLimit{{Max: 5}, {Max: 20}, {Max: 5, Evict: true}, {Max: 20, Evict: true}} {
		atEveryCall(func(n int, after bool) bool {
			w := newWorld(t, nil)
			var last *sessions.Session[cart]
			for range limit.Max {
				last = w.login(t, "user")
				w.clock.Advance(time.Second)
			}
			is := is.New(t)
			is.True(w.record(t, last).Page > 0)
			m := w.with(t, sessions.Config[cart]{SubjectLimit: limit})
			at := w.at(n, after, func() { is.NoErr(w.other.Renew(t.Context(), last)) })
			err := m.Authenticate(t.Context(), m.Create(), "user")
			w.store.Off()
			if err != nil && (limit.Evict || !errors.Is(err, sessions.ErrLimit)) {
				t.Errorf("%+v, at %d, after %v: %v", limit, n, after, err)
			}
			if got := len(w.handles(t, "user")); got != limit.Max {
				t.Errorf("%+v, at %d, after %v: %d sessions", limit, n, after, got)
			}
			return *at
		})
	}
}

// A login that has entered the list and stored nothing yet counts, even if so many others sign in
// meanwhile that the list's oldest entries move into pages.
func TestSubjectLimit_ASlowLoginCountsBesideManyOthers(t *testing.T) {
	for _, limit := range []sessions.SubjectLimit{{Max: 13}, {Max: 20}, {Max: 13, Evict: true}, {Max: 20, Evict: true}} {
		is := is.New(t)
		w := newWorld(t, &sessions.Config[cart]{SubjectLimit: limit})
		list := ""
		w.store.Once("LoadRosters", func(c *cued.Call) error {
			list = c.Key
			return c.Do()
		})
		w.store.Once("Create", func(c *cued.Call) error {
			w.clock.Advance(time.Second)
			for range limit.Max + 3 {
				if err := w.other.Authenticate(t.Context(), w.other.Create(), "user"); err != nil {
					wants.Err(t, err, sessions.ErrLimit)
				}
			}
			return c.Do()
		})
		if err := w.Authenticate(t.Context(), w.Create(), "user"); err != nil {
			wants.Err(t, err, sessions.ErrLimit)
		}
		is.Equal(len(w.handles(t, "user")), limit.Max)
		parts, err := w.mem.LoadRosters(t.Context(), list)
		is.NoErr(err)
		is.True(len(parts[0].Entries) <= 16) // the head has stayed small nevertheless
	}
}

// At a limit, a login whose session is to last less long than others' may be taken for one that
// broke off. It begins again, as often as that happens, and succeeds.
func TestSubjectLimit_AShortSessionBesideLongerOnes(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, &sessions.Config[cart]{SubjectLimit: sessions.SubjectLimit{Max: 1, Evict: true}})
	others := 0
	w.store.On("Create", func(c *cued.Call) error {
		if others < 10 {
			others++
			long := w.other.Create()
			long.AbsoluteTimeout = 30 * 24 * time.Hour
			is.NoErr(w.other.Authenticate(t.Context(), long, "user"))
		}
		return c.Do()
	})
	s := w.Create()
	is.NoErr(w.Authenticate(t.Context(), s, "user"))
	is.Equal(others, 10)
	is.Equal(w.handles(t, "user"), []string{s.Handle()})
}

// leavingFails makes the removal of entries from lists fail.
func (w *world) leavingFails() {
	w.store.On("ChangeRoster", func(c *cued.Call) error {
		if len(c.Change.Leave) > 0 {
			return sessions.ErrUnavailable
		}
		return c.Do()
	})
}

// A session to which another user has signed in counts for that user, although the list of the one
// before still has its former key; and so does one that was renewed afterwards.
func TestSubjectLimit_AnotherUsersSessionDoesNotCount(t *testing.T) {
	for _, limit := range []sessions.SubjectLimit{{Max: 1}, {Max: 1, Evict: true}} {
		is := is.New(t)
		w := newWorld(t, &sessions.Config[cart]{SubjectLimit: limit})
		s := w.login(t, "ann")
		w.leavingFails()
		is.NoErr(w.Authenticate(t.Context(), s, "bob"))
		is.NoErr(w.Renew(t.Context(), s))
		w.store.Off()
		ann := w.login(t, "ann")
		is.True(w.alive(t, s) && w.alive(t, ann))
	}
}

// A session that signs in again is not counted beside itself, although the list still has its
// former ID, whose removal had failed.
func TestSubjectLimit_ASessionThatSignsInAgainIsNotInItsOwnWay(t *testing.T) {
	for _, limit := range []sessions.SubjectLimit{{Max: 1}, {Max: 1, Evict: true}} {
		for _, renewals := range []int{1, 2} {
			is := is.New(t)
			w := newWorld(t, &sessions.Config[cart]{SubjectLimit: limit})
			s := w.login(t, "user")
			w.leavingFails()
			for range renewals {
				is.NoErr(w.Renew(t.Context(), s))
			}
			w.store.Off()
			is.NoErr(w.Authenticate(t.Context(), s, "user"))
			is.True(w.alive(t, s))
			is.Equal(len(w.handles(t, "user")), 1)
		}
	}
}

// Nor is it counted beside what a renewal or login of it has left that broke off. That ends with
// it.
func TestSubjectLimit_ASessionIsNotInTheWayOfItsLoginThatBrokeOff(t *testing.T) {
	for _, evict := range []bool{false, true} {
		for name, begin := range map[string]func(w world, s *sessions.Session[cart]) error{
			"renewal": func(w world, s *sessions.Session[cart]) error { return w.Renew(t.Context(), s) },
			"login":   func(w world, s *sessions.Session[cart]) error { return w.Authenticate(t.Context(), s, "user") },
		} {
			t.Run(fmt.Sprintf("%s, evict %v", name, evict), func(t *testing.T) {
				is := is.New(t)
				w := newWorld(t, &sessions.Config[cart]{SubjectLimit: sessions.SubjectLimit{Max: 2, Evict: evict}})
				other := w.login(t, "user")
				w.clock.Advance(time.Minute)
				s := w.saved(t, cart{})
				if name == "renewal" {
					is.NoErr(w.Authenticate(t.Context(), s, "user"))
				}
				w.store.On("End", func(*cued.Call) error { return sessions.ErrUnavailable })
				wants.Err(t, begin(w, s), sessions.ErrUnavailable)
				w.store.Off()
				is.NoErr(w.Authenticate(t.Context(), s, "user"))
				is.True(w.alive(t, s) && w.alive(t, other))
				is.Equal(len(w.handles(t, "user")), 2)
			})
		}
	}
}

// A renewal that broke off before its commit leaves two records of one session, which count once.
func TestSubjectLimit_ARenewalThatBrokeOffTakesOnePlace(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, &sessions.Config[cart]{SubjectLimit: sessions.SubjectLimit{Max: 2}})
	a := w.login(t, "user")
	w.store.On("End", func(*cued.Call) error { return errCrash })
	is.True(w.Renew(t.Context(), a) != nil)
	w.store.Off()
	b := w.login(t, "user")
	is.True(w.alive(t, a) && w.alive(t, b))
	wants.Err(t, w.Authenticate(t.Context(), w.Create(), "user"), sessions.ErrLimit)
}

// A limit is introduced for a subject whose list is full of ended sessions.
func TestSubjectLimit_IntroducedBesideNineHundredDeadEntries(t *testing.T) {
	for _, limit := range []sessions.SubjectLimit{{Max: 1}, {Max: 5}, {Max: 3, Evict: true}} {
		for name, die := range map[string]func(w world, all []*sessions.Session[cart]){
			"idled out": func(w world, _ []*sessions.Session[cart]) { w.clock.Advance(3 * time.Hour) },
			"signed out while the list could not be written": func(w world, all []*sessions.Session[cart]) {
				w.store.On("ChangeRoster", func(*cued.Call) error { return sessions.ErrUnavailable })
				for _, s := range all {
					if err := w.Destroy(t.Context(), s); err != nil {
						t.Fatal(err)
					}
				}
				w.store.Off()
			},
			"crashed at the login": func(w world, all []*sessions.Session[cart]) {
				for _, s := range all {
					if _, err := w.mem.End(t.Context(), driver.End{Key: s.Handle()}); err != nil {
						t.Fatal(err)
					}
				}
			},
		} {
			t.Run(fmt.Sprintf("%s, %+v", name, limit), func(t *testing.T) {
				is := is.New(t)
				w := newWorld(t, nil)
				var all []*sessions.Session[cart]
				for range 900 {
					all = append(all, w.login(t, "user"))
				}
				die(w, all)
				m := w.with(t, sessions.Config[cart]{SubjectLimit: limit})
				for range limit.Max {
					w.store.Took()
					is.NoErr(m.Authenticate(t.Context(), m.Create(), "user"))
					is.True(len(w.store.Took()) < 200) // bounded, however many entries are dead
				}
				is.Equal(len(w.handles(t, "user")), limit.Max)
				err := m.Authenticate(t.Context(), m.Create(), "user")
				if limit.Evict {
					is.NoErr(err)
				} else {
					wants.Err(t, err, sessions.ErrLimit)
				}
				is.Equal(len(w.handles(t, "user")), limit.Max)
			})
		}
	}
}

// Sessions that a RevokeBefore has ended don't count.
func TestSubjectLimit_IgnoresWhatAnIncidentHasEnded(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, &sessions.Config[cart]{SubjectLimit: sessions.SubjectLimit{Max: 1}, RevocationCheck: time.Second})
	dead := w.login(t, "user")
	w.clock.Advance(time.Second)
	is.NoErr(w.RevokeBefore(t.Context(), w.clock.Now()))
	w.clock.Advance(time.Second)
	is.Equal(len(w.handles(t, "user")), 0)
	s := w.login(t, "user")
	is.Equal(w.handles(t, "user"), []string{s.Handle()})
	is.True(!w.alive(t, dead))
}

// A monitor signs in every 15 seconds, and signs out by its ID only, or never.
func TestMonitor_SignsInForThreeDays(t *testing.T) {
	for name, c := range map[string]struct {
		signsOut bool
		cfg      sessions.Config[cart]
		parts    int // the most parts of the list at the end
		alive    int
	}{
		"signs out":                   {true, sessions.Config[cart]{}, 1, 1},
		"signs out, with a limit":     {true, sessions.Config[cart]{SubjectLimit: sessions.SubjectLimit{Max: 2}}, 1, 1},
		"never signs out":             {false, sessions.Config[cart]{}, 60, 480},
		"never signs out, with limit": {false, sessions.Config[cart]{SubjectLimit: sessions.SubjectLimit{Max: 2, Evict: true}}, 1, 2},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			w := newWorld(t, &c.cfg)
			most := 0
			var s *sessions.Session[cart]
			days := 3
			if testing.Short() {
				days = 1
			}
			for range days * 24 * 60 * 4 {
				w.clock.Advance(15 * time.Second)
				if s != nil && c.signsOut {
					is.NoErr(w.DestroyID(t.Context(), s.ID().Secret()))
				}
				s = w.Create()
				w.store.Took()
				is.NoErr(w.Authenticate(t.Context(), s, "user"))
				most = max(most, len(w.store.Took()))
			}
			is.True(w.alive(t, s))
			is.Equal(len(w.handles(t, "user")), c.alive)
			t.Log("calls of a login, at most:", most)
			is.True(most < 60)
			w.store.Took()
			infos, err := w.Sessions(t.Context(), "user")
			is.NoErr(err)
			is.Equal(len(infos), c.alive)
			entries, parts := 0, 0
			w.store.On("LoadRosters", func(call *cued.Call) error {
				err := call.Do()
				for _, r := range call.Rosters {
					entries, parts = entries+len(r.Entries), parts+1
				}
				return err
			})
			_, err = w.Sessions(t.Context(), "user")
			is.NoErr(err)
			t.Log("entries:", entries, "parts:", parts)
			is.True(parts <= c.parts)
			is.True(entries <= 2*c.alive+12)
		})
	}
}

// A session stays for a month in the first page of a list, while a monitor never signs out: the
// list doesn't grow because of it.
func TestMonitor_BesideSomebodyWhoStays(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	stays := w.Create()
	stays.IdleTimeout, stays.AbsoluteTimeout = 30*24*time.Hour, 30*24*time.Hour
	for range 6 { // one of them is in a page
		w.login(t, "user")
	}
	is.NoErr(w.Authenticate(t.Context(), stays, "user"))
	days := 3
	if testing.Short() {
		days = 1
	}
	for range days * 24 * 60 * 4 {
		w.clock.Advance(15 * time.Second)
		w.login(t, "user")
	}
	is.True(w.alive(t, stays))
	w.store.Took()
	infos, err := w.Sessions(t.Context(), "user")
	is.NoErr(err)
	is.Equal(len(infos), 481)
	calls := len(w.store.Took())
	t.Log("calls:", calls)
	is.True(calls <= 10)
	n, err := w.RevokeAll(t.Context(), "user")
	is.NoErr(err)
	is.True(n >= 481)
	is.True(!w.alive(t, stays))
}

// The login of a session that has ended elsewhere fails, and evicts no other.
func TestSubjectLimit_ALoginThatFailsEvictsNobody(t *testing.T) {
	for name, end := range map[string]func(p world, s *sessions.Session[cart]) error{
		"ended": func(p world, s *sessions.Session[cart]) error { return p.other.DestroyID(t.Context(), s.ID().Secret()) },
		"renewed": func(p world, s *sessions.Session[cart]) error {
			return p.other.Renew(t.Context(), mustLoad(t, p.other, s.ID().Secret()))
		},
		"expired": func(p world, _ *sessions.Session[cart]) error { p.clock.Advance(time.Minute); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			p := newWorld(t, &sessions.Config[cart]{SubjectLimit: sessions.SubjectLimit{Max: 2, Evict: true}})
			a, b := p.login(t, "user"), p.login(t, "user")
			s := p.Create()
			s.IdleTimeout = time.Minute
			is.NoErr(p.Save(t.Context(), s))
			is.NoErr(end(p, s))
			wants.Err(t, p.Authenticate(t.Context(), s, "user"), sessions.ErrNotFound)
			is.True(p.alive(t, a) && p.alive(t, b))

			c := p.saved(t, cart{}) // a live one evicts
			is.NoErr(p.Authenticate(t.Context(), c, "user"))
			is.True(p.alive(t, c))
			is.Equal(len(p.handles(t, "user")), 2)
		})
	}
}

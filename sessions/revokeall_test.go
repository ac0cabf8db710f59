package sessions_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/internal/cued"
)

// beside is a call for a subject's session that runs during the revocation. Its function gets the
// Manager to use, and returns the ID that the client holds afterwards; "" if it holds none.
type beside struct {
	name  string
	began bool // the returned session began before the revocation
	do    func(t *testing.T, w world, s *sessions.Session[cart]) string
}

var besides = []beside{
	{"touch", true, func(t *testing.T, w world, s *sessions.Session[cart]) string {
		_, _ = w.Load(t.Context(), s.ID().Secret())
		return s.ID().Secret()
	}},
	{"save", true, func(t *testing.T, w world, s *sessions.Session[cart]) string {
		s.Data.Count++
		_ = w.Save(t.Context(), s)
		return s.ID().Secret()
	}},
	{"save for longer", true, func(t *testing.T, w world, s *sessions.Session[cart]) string {
		s.AbsoluteTimeout *= 2
		_ = w.Save(t.Context(), s)
		return s.ID().Secret()
	}},
	{"renewal", true, func(t *testing.T, w world, s *sessions.Session[cart]) string {
		_ = w.Renew(t.Context(), s)
		return s.ID().Secret()
	}},
	{"login again", false, func(t *testing.T, w world, s *sessions.Session[cart]) string {
		_ = w.Authenticate(t.Context(), s, "user")
		return s.ID().Secret()
	}},
	{"login as another", false, func(t *testing.T, w world, s *sessions.Session[cart]) string {
		_ = w.Authenticate(t.Context(), s, "another")
		return s.ID().Secret()
	}},
	{"login", false, func(t *testing.T, w world, _ *sessions.Session[cart]) string {
		s := w.Create()
		if w.Authenticate(t.Context(), s, "user") != nil {
			return ""
		}
		return s.ID().Secret()
	}},
	{"login that evicts", false, func(t *testing.T, w world, _ *sessions.Session[cart]) string {
		limited := w.with(t, sessions.Config[cart]{SubjectLimit: sessions.SubjectLimit{Max: 1, Evict: true}, TouchInterval: -1})
		s := limited.Create()
		if limited.Authenticate(t.Context(), s, "user") != nil {
			return ""
		}
		return s.ID().Secret()
	}},
	{"logout", true, func(t *testing.T, w world, s *sessions.Session[cart]) string {
		_ = w.DestroyID(t.Context(), s.ID().Secret())
		return s.ID().Secret()
	}},
	{"revoke all", true, func(t *testing.T, w world, s *sessions.Session[cart]) string {
		_, _ = w.RevokeAll(t.Context(), "user")
		return s.ID().Secret()
	}},
}

// scene returns a world with a subject's sessions, one of which looks idle.
func scene(t *testing.T, sessionsBefore int) (w world, all []*sessions.Session[cart]) {
	t.Helper()
	w = newWorld(t, &sessions.Config[cart]{TouchInterval: -1})
	for range sessionsBefore {
		all = append(all, w.login(t, "user"))
	}
	w.clock.Advance(2*time.Hour - 2*time.Second) // a little before they idle out
	for _, s := range all[1:] {
		if _, err := w.Load(t.Context(), s.ID().Secret()); err != nil {
			t.Fatal(err)
		}
	}
	w.store.Took()
	return w, all
}

// swapped returns the world with its Managers exchanged, so that no test intercepts the first one's
// calls.
func (w world) swapped() world {
	return world{Manager: w.other, other: w.Manager, store: cued.New(w.mem), mem: w.mem, clock: w.clock}
}

// When RevokeAll has returned, no earlier session is alive, whatever was under way, at any point.
func TestRevokeAll_IsCompleteBesideAnything(t *testing.T) {
	for _, size := range []int{1, 5, 17} { // only in the head, and in pages
		for _, b := range besides {
			for n := 1; n < 100; n++ {
				came := false
				for _, after := range []bool{false, true} {
					// The revocation runs in the middle of the other call, or the other call in the
					// middle of the revocation.
					for _, revokes := range []bool{true, false} {
						t.Run(fmt.Sprintf("%d %s %d after=%v revokes=%v", size, b.name, n, after, revokes), func(t *testing.T) {
							is := is.New(t)
							w, all := scene(t, size)
							ids := []string{}
							for _, s := range all {
								ids = append(ids, s.ID().Secret())
							}
							s, err := w.mustLoad(t, ids[0])
							is.NoErr(err)
							told := ""
							if revokes {
								var revokeErr error
								at := w.at(n, after, func() { _, revokeErr = w.other.RevokeAll(t.Context(), "user") })
								told = b.do(t, w, s)
								is.NoErr(revokeErr)
								came = *at
								if !*at {
									return
								}
							} else {
								at := w.at(n, after, func() { told = b.do(t, w.swapped(), s) })
								_, err := w.RevokeAll(t.Context(), "user")
								is.NoErr(err)
								came = *at
								if !*at {
									return
								}
							}
							w.store.Off()
							for _, id := range ids {
								is.True(!w.isAlive(t, id))
							}
							// A login that read the store before the revocation fails; one that
							// began later may succeed, and a login as another user is not affected.
							hasBegun := b.began || revokes && (n > 1 || after) && b.name != "login as another"
							if told != "" && hasBegun {
								is.True(!w.isAlive(t, told))
							}
							// Live sessions are listed, so another RevokeAll ends them.
							_, err = w.RevokeAll(t.Context(), "user")
							is.NoErr(err)
							is.True(told == "" || b.name == "login as another" || !w.isAlive(t, told))
							_, err = w.RevokeAll(t.Context(), "another")
							is.NoErr(err)
							is.Equal(w.mem.Len(), 0)
						})
					}
				}
				if !came {
					break
				}
			}
		}
	}
}

// mustLoad loads a session to change it, without recording an access.
func (w world) mustLoad(t *testing.T, id string) (*sessions.Session[cart], error) {
	t.Helper()
	quiet := w.with(t, sessions.Config[cart]{TouchInterval: time.Hour, IdleTimeout: 3 * time.Hour})
	s, err := quiet.Load(t.Context(), id)
	w.store.Took()
	return s, err
}

// RevokeAll spares the excepted session, under whatever ID it has afterwards.
func TestRevokeAll_SparesASessionThatIsBeingRenewed(t *testing.T) {
	for _, size := range []int{1, 5, 20} {
		for n := 1; n < 100; n++ {
			came := false
			for _, after := range []bool{false, true} {
				for _, revokes := range []bool{true, false} {
					t.Run(fmt.Sprintf("%d at %d after=%v revokes=%v", size, n, after, revokes), func(t *testing.T) {
						is := is.New(t)
						w := newWorld(t, nil)
						s := w.login(t, "user")
						handle := s.Handle()
						var others []*sessions.Session[cart]
						for range size {
							others = append(others, w.login(t, "user"))
						}
						var revokeErr, renewErr error
						var at *bool
						if revokes {
							at = w.at(n, after, func() { _, revokeErr = w.other.RevokeAll(t.Context(), "user", handle) })
							renewErr = w.Renew(t.Context(), s)
						} else {
							at = w.at(n, after, func() { renewErr = w.other.Renew(t.Context(), s) })
							_, revokeErr = w.RevokeAll(t.Context(), "user", handle)
						}
						w.store.Off()
						if came = *at; !came {
							return
						}
						is.NoErr(revokeErr)
						is.NoErr(renewErr)
						is.True(w.alive(t, s))
						for _, o := range others {
							is.True(!w.alive(t, o))
						}
						is.Equal(w.handles(t, "user"), []string{s.Handle()})
					})
				}
			}
			if !came {
				break
			}
		}
	}
}

func TestRevokeAll_SparesWhatWasRenewedBefore(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s, other := w.login(t, "user"), w.login(t, "user")
	handle := s.Handle()
	is.NoErr(w.Renew(t.Context(), s))
	is.NoErr(w.Renew(t.Context(), s)) // twice
	n, err := w.other.RevokeAll(t.Context(), "user", handle, "no handle", "")
	is.NoErr(err)
	is.Equal(n, 1)
	is.True(w.alive(t, s) && !w.alive(t, other))
}

// The excepted session goes through several changes during the revocation.
func TestRevokeAll_SparesASessionWhateverItBecomes(t *testing.T) {
	save := func(m *sessions.Manager[cart], s *sessions.Session[cart]) error {
		s.Data.Count++
		return m.Save(t.Context(), s)
	}
	renew := func(m *sessions.Manager[cart], s *sessions.Session[cart]) error { return m.Renew(t.Context(), s) }
	for name, steps := range map[string][]func(*sessions.Manager[cart], *sessions.Session[cart]) error{
		"renewed and saved":       {renew, save},
		"renewed twice":           {renew, renew},
		"renewed twice and saved": {renew, renew, save},
		"saved and renewed":       {save, renew},
	} {
		atEveryCall(func(n int, after bool) (came bool) {
			t.Run(fmt.Sprintf("%s at %d after=%v", name, n, after), func(t *testing.T) {
				is := is.New(t)
				w := newWorld(t, nil)
				s, other := w.login(t, "user"), w.login(t, "user")
				at := w.at(n, after, func() {
					for _, step := range steps {
						is.NoErr(step(w.other, s))
					}
				})
				ended, err := w.RevokeAll(t.Context(), "user", s.Handle())
				w.store.Off()
				came = *at
				is.NoErr(err)
				is.Equal(ended, 1)
				is.True(w.alive(t, s))
				is.True(!w.alive(t, other))
			})
			return came
		})
	}
}

// The excepted session's renewal begins before the revocation, is held up before one of its steps,
// and goes on at any point of the revocation.
func TestRevokeAll_SparesASessionWhoseRenewalIsHeldUp(t *testing.T) {
	for _, step := range []string{"ChangeRoster", "Create", "End"} {
		atEveryCall(func(n int, after bool) (came bool) {
			t.Run(fmt.Sprintf("before %s, at %d after=%v", step, n, after), func(t *testing.T) {
				is := is.New(t)
				w := newWorld(t, nil)
				s, other := w.login(t, "user"), w.login(t, "user")
				handle := s.Handle()
				held := cued.New(w.mem)
				renewing, err := sessions.New(held, &sessions.Config[cart]{Clock: w.clock})
				is.NoErr(err)
				begun, goOn, renewed := make(chan bool), make(chan bool), make(chan error)
				held.Once(step, func(c *cued.Call) error {
					close(begun)
					<-goOn
					return c.Do()
				})
				go func() {
					err := renewing.Renew(t.Context(), s)
					s.Data.Count++
					renewed <- errors.Join(err, renewing.Save(t.Context(), s))
				}()
				<-begun
				finish := func() { close(goOn); is.NoErr(<-renewed) }
				at := w.at(n, after, finish)
				ended, err := w.RevokeAll(t.Context(), "user", handle)
				w.store.Off()
				if came = *at; !came {
					finish()
				}
				is.NoErr(err)
				is.Equal(ended, 1)
				is.True(w.alive(t, s))
				is.True(!w.alive(t, other))
			})
			return came
		})
	}
}

// A touch that the network holds back until after the revocation has no effect.
func TestRevokeAll_BeatsWhatArrivesLate(t *testing.T) {
	for _, name := range []string{"Touch", "Replace", "Create", "End", "ChangeRoster"} {
		for _, op := range []string{"touch", "save", "renewal", "login"} {
			is := is.New(t)
			w := newWorld(t, &sessions.Config[cart]{TouchInterval: -1})
			s := w.login(t, "user")
			w.clock.Advance(time.Minute)
			var late []func() error
			w.store.On(name, func(c *cued.Call) error {
				late = append(late, c.Do)
				return sessions.ErrOutcomeUnknown
			})
			for _, b := range besides {
				if b.name == op {
					_ = b.do(t, w, s)
				}
			}
			w.store.Off()
			_, err := w.other.RevokeAll(t.Context(), "user")
			is.NoErr(err)
			for _, do := range late {
				_ = do()
			}
			is.True(!w.alive(t, s))
			for _, handle := range w.handles(t, "user") {
				t.Errorf("%s of a %s that arrived late: %s is alive", name, op, handle)
			}
			_, err = w.other.RevokeAll(t.Context(), "user")
			is.NoErr(err)
			is.Equal(w.mem.Len(), 0)
		}
	}
}

func TestRevokeAll_CancelledBeforeItBegan(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.login(t, "user")
	done, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := w.RevokeAll(done, "user")
	wants.Err(t, err, sessions.ErrUnavailable)
	is.True(w.alive(t, s))
	wants.Err(t, err, done.Err())
}

// What ends a session goes through once it has begun, though the client hangs up.
func TestEndings_GoThroughWhenTheClientHangsUp(t *testing.T) {
	const provider = "https://id.example 1"
	for name, end := range map[string]func(w world, ctx ctx, s *sessions.Session[cart]) error{
		"Destroy":   func(w world, ctx ctx, s *sessions.Session[cart]) error { return w.Destroy(ctx, s) },
		"DestroyID": func(w world, ctx ctx, s *sessions.Session[cart]) error { return w.DestroyID(ctx, s.ID().Secret()) },
		"Revoke":    func(w world, ctx ctx, s *sessions.Session[cart]) error { return w.Revoke(ctx, "user", s.Handle()) },
		"RevokeAll": func(w world, ctx ctx, _ *sessions.Session[cart]) error {
			_, err := w.RevokeAll(ctx, "user")
			return err
		},
		"RevokeFederated": func(w world, ctx ctx, _ *sessions.Session[cart]) error {
			_, err := w.RevokeFederated(ctx, provider)
			return err
		},
		"RevokeBefore": func(w world, ctx ctx, _ *sessions.Session[cart]) error {
			return w.RevokeBefore(ctx, w.clock.Now())
		},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			w := newWorld(t, &sessions.Config[cart]{RevocationCheck: time.Second})
			s := w.Create()
			s.Federated = provider
			is.NoErr(w.Authenticate(t.Context(), s, "user"))
			w.clock.Advance(time.Second)
			id := s.ID().Secret()
			ctx, hangUp := context.WithCancel(t.Context())
			w.store.On("any", func(c *cued.Call) error {
				hangUp()
				is.NoErr(c.Context.Err()) // the call goes through
				return c.Do()
			})
			is.NoErr(end(w, ctx, s))
			w.store.Off()
			w.clock.Advance(time.Second)
			is.True(!w.isAlive(t, id))
		})
	}
}

// Two RevokeBefore at a time: both succeed, and the later one counts.
func TestRevokeBefore_BesideAnother(t *testing.T) {
	for _, first := range []bool{true, false} {
		is := is.New(t)
		w := newWorld(t, &sessions.Config[cart]{RevocationCheck: time.Second})
		if !first {
			is.NoErr(w.RevokeBefore(t.Context(), start.Add(-time.Hour)))
		}
		beside := func(c *cued.Call) error {
			w.store.Off()
			is.NoErr(w.other.RevokeBefore(t.Context(), start.Add(-time.Minute)))
			return c.Do()
		}
		s := w.saved(t, cart{})
		w.store.On("Create", beside)
		w.store.On("Replace", beside)
		w.clock.Advance(2 * time.Second)
		is.NoErr(w.RevokeBefore(t.Context(), w.clock.Now()))
		w.clock.Advance(time.Second)
		is.True(!w.alive(t, s))
	}
}

// Markers that lead in a circle, which only a hand can have written, hang nothing.
func TestRevokeAll_SparingACircle(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	a, b, other := w.login(t, "user"), w.login(t, "user"), w.login(t, "user")
	for from, to := range map[string]string{a.Handle(): b.Handle(), b.Handle(): a.Handle()} {
		_, err := w.mem.End(t.Context(), driver.End{Key: from, Marker: driver.Marker{
			Why: driver.Renewed, Next: to, Rev: "by hand " + from, At: start, Until: start.Add(time.Hour),
		}})
		is.NoErr(err)
	}
	n, err := w.RevokeAll(t.Context(), "user", a.Handle())
	is.NoErr(err)
	is.Equal(n, 1)
	is.True(!w.alive(t, other))
}

// A list of a version without pages may have more sessions than may leave at once.
func TestRevokeAll_EmptiesALongHead(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	live := w.login(t, "user")
	list := ""
	w.store.On("LoadRosters", func(c *cued.Call) error { list = c.Keys[0]; return c.Do() })
	w.login(t, "user")
	w.store.Off()
	for n := range 2 * driver.MaxLeave {
		_, err := w.mem.ChangeRoster(t.Context(), driver.RosterChange{
			Key: list, Rev: fmt.Sprint(n), Enter: sessions.IDOf(fmt.Sprint(n)).Handle(), Deadline: start.Add(time.Hour),
		})
		is.NoErr(err)
	}
	n, err := w.RevokeAll(t.Context(), "user")
	is.NoErr(err)
	is.Equal(n, 2)
	is.True(!w.alive(t, live))
	parts, err := w.mem.LoadRosters(t.Context(), list)
	is.NoErr(err)
	is.Equal(len(parts[0].Entries), 0)
}

// Keys that aren't hashes have no markers, which would keep a login under way from storing its
// session. It is revoked nevertheless.
func TestRevokeAll_WithoutMarkers(t *testing.T) {
	for name, revoke := range map[string]func(w world) error{
		"RevokeAll":       func(w world) error { _, err := w.other.RevokeAll(t.Context(), "user"); return err },
		"RevokeFederated": func(w world) error { _, err := w.other.RevokeFederated(t.Context(), "idp 1"); return err },
	} {
		for _, op := range []string{"login", "login of a visitor", "login again", "renewal"} {
			atEveryCall(func(n int, after bool) (came bool) {
				t.Run(fmt.Sprintf("%s beside a %s at %d after=%v", name, op, n, after), func(t *testing.T) {
					is := is.New(t)
					w := newWorld(t, &sessions.Config[cart]{IDs: plainIDs{sessions.RandomIDs(20)}})
					s := w.Create()
					s.Federated = "idp 1"
					began, do := n > 2 || after && n > 1, w.Authenticate // has read both lists
					switch op {
					case "login of a visitor":
						is.NoErr(w.Save(t.Context(), s))
					case "login again", "renewal":
						is.NoErr(w.Authenticate(t.Context(), s, "user"))
					}
					if op == "renewal" {
						began, do = true, func(ctx ctx, s *sessions.Session[cart], _ string) error { return w.Renew(ctx, s) }
					}
					before := s.ID().Secret()
					at := w.at(n, after, func() { is.NoErr(revoke(w)) })
					err := do(t.Context(), s, "user")
					w.store.Off()
					if came = *at; came && began {
						is.True(err != nil || !w.alive(t, s))
					}
					if err != nil && op == "login of a visitor" {
						wants.Err(t, err, sessions.ErrRevoked)
						is.True(w.isAlive(t, before)) // the visitor's session stays
					}
					is.NoErr(revoke(w))
					is.True(err != nil && op == "login of a visitor" || !w.alive(t, s))
				})
				return came
			})
		}
	}
}

// Nor does such a login succeed if it can't find out whether it was revoked: it can be repeated.
func TestRevokeAll_WithoutMarkersInAnOutage(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, &sessions.Config[cart]{IDs: plainIDs{sessions.RandomIDs(20)}})
	w.login(t, "user")
	_, err := w.RevokeAll(t.Context(), "user") // the epoch isn't 0
	is.NoErr(err)
	s, reads := w.Create(), 0
	w.store.On("LoadRosters", func(c *cued.Call) error {
		if reads++; reads == 2 {
			return sessions.ErrUnavailable
		}
		return c.Do()
	})
	wants.Err(t, w.Authenticate(t.Context(), s, "user"), sessions.ErrUnavailable)
	is.Equal(len(w.handles(t, "user")), 0)
	is.NoErr(w.Authenticate(t.Context(), s, "user"))
	is.True(w.alive(t, s))
}

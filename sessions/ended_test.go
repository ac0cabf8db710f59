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
	"github.com/dynasession/dynasession/sessions/event"
	"github.com/dynasession/dynasession/sessions/internal/cued"
)

// ending is a way to end a session.
type ending struct {
	name   string
	reason driver.Reason
	end    func(ctx context.Context, w world, s *sessions.Session[cart]) error
}

// endings are the ways that leave a marker under the session's ID.
var endings = []ending{
	{"Destroy", driver.Destroyed, func(ctx context.Context, w world, s *sessions.Session[cart]) error {
		return w.Destroy(ctx, s)
	}},
	{"DestroyID", driver.Destroyed, func(ctx context.Context, w world, s *sessions.Session[cart]) error {
		return w.DestroyID(ctx, s.ID().Secret())
	}},
	{"Renew", driver.Renewed, func(ctx context.Context, w world, s *sessions.Session[cart]) error {
		return w.Renew(ctx, s)
	}},
	{"Authenticate", driver.Renewed, func(ctx context.Context, w world, s *sessions.Session[cart]) error {
		return w.Authenticate(ctx, s, "user")
	}},
	{"Authenticate as another", driver.Renewed, func(ctx context.Context, w world, s *sessions.Session[cart]) error {
		return w.Authenticate(ctx, s, "another")
	}},
	{"Revoke", driver.Revoked, func(ctx context.Context, w world, s *sessions.Session[cart]) error {
		return w.Revoke(ctx, "user", s.Handle())
	}},
	{"RevokeAll", driver.Revoked, func(ctx context.Context, w world, _ *sessions.Session[cart]) error {
		_, err := w.RevokeAll(ctx, "user")
		return err
	}},
	{"RevokeFederated", driver.Revoked, func(ctx context.Context, w world, _ *sessions.Session[cart]) error {
		_, err := w.RevokeFederated(ctx, "provider 1")
		return err
	}},
	{"eviction", driver.Evicted, func(ctx context.Context, w world, _ *sessions.Session[cart]) error {
		w.clock.Advance(time.Second)
		return w.Authenticate(ctx, w.Create(), "user")
	}},
}

// signedIn returns a world in which "user" may have one session, and that session.
func signedIn(t *testing.T, cfg sessions.Config[cart]) (world, *sessions.Session[cart]) {
	t.Helper()
	cfg.SubjectLimit = sessions.SubjectLimit{Max: 1, Evict: true}
	w := newWorld(t, &cfg)
	s := w.Create()
	s.Data.Count = 1
	s.Federated = "provider 1"
	if err := w.Authenticate(t.Context(), s, "user"); err != nil {
		t.Fatal(err)
	}
	return w, s
}

func TestEnded_StaysEnded(t *testing.T) {
	for _, e := range endings {
		t.Run(e.name, func(t *testing.T) {
			is := is.New(t)
			seen := &witness{}
			w, s := signedIn(t, sessions.Config[cart]{Observer: seen, TouchInterval: -1})
			id, rec := s.ID().Secret(), w.record(t, s)
			slow, err := w.Load(t.Context(), id)
			is.NoErr(err)
			is.NoErr(e.end(t.Context(), w, s))

			_, err = w.mem.Load(t.Context(), rec.Key)
			var ended *driver.EndedError
			is.True(errors.As(err, &ended))
			is.Equal(ended.Marker.Why, e.reason)
			is.True(!ended.Marker.Until.Before(w.clock.Now().Add(15 * time.Minute)))
			is.Equal(ended.Marker.Next != "", e.reason == driver.Renewed)

			// No slow request, and no call that the network has held back, revives it.
			w.clock.Advance(time.Second)
			slow.Data.Count = 9
			before := w.mem.Len()
			for name, err := range map[string]error{
				"Save": w.Save(t.Context(), slow), "Renew": w.Renew(t.Context(), slow),
				"Authenticate":  w.Authenticate(t.Context(), slow, "somebody"),
				"Bind":          w.mem.Bind(t.Context(), rec.Key, []byte("b"), nil),
				"a late create": w.mem.Create(t.Context(), rec), "a late touch": w.mem.Touch(t.Context(), rec.Key, w.clock.Now(), w.clock.Now().Add(time.Hour)),
				"a late replace": w.mem.Replace(t.Context(), rec, rec.Rev),
			} {
				t.Run(name, func(t *testing.T) { wants.Err(t, err, sessions.ErrNotFound) })
			}
			is.Equal(w.mem.Len(), before)

			// A request with the ID gets the error, and the log says why the session ended.
			for _, load := range []func(context.Context, string) (*sessions.Session[cart], error){w.Load, w.Peek} {
				seen.took()
				_, err = load(t.Context(), id)
				wants.Err(t, err, sessions.ErrNotFound)
				if e.reason == driver.Renewed {
					wants.Err(t, err, sessions.ErrRenewed)
					is.Equal(seen.kinds(), "renewed ID")
				} else {
					wants.NotErr(t, err, sessions.ErrRenewed)
					events := seen.took()
					is.Equal(events[0].Kind, event.EndedID)
					is.Equal(events[0].Reason, string(e.reason))
				}
			}
			// A new session gets another ID.
			fresh, err := w.LoadOrCreate(t.Context(), id)
			is.NoErr(err)
			is.True(fresh.ID().Secret() != id && fresh.IsNew())

			// After the markers are swept, the ID is unknown like any other.
			w.clock.Advance(31 * time.Minute)
			for range 8 {
				w.saved(t, cart{}) // each write sweeps a few
			}
			_, err = w.Load(t.Context(), id)
			wants.Err(t, err, sessions.ErrNotFound)
			wants.NotErr(t, err, driver.ErrEnded)
		})
	}
}

// A Create that is delivered after the logout stores nothing.
func TestEnded_ALateCreateBringsNothingToLife(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	var late func() error
	w.store.Once("Create", func(c *cued.Call) error {
		late = c.Do
		return sessions.ErrOutcomeUnknown
	})
	s := w.Create()
	wants.Err(t, w.Save(t.Context(), s), sessions.ErrOutcomeUnknown)
	is.NoErr(w.Destroy(t.Context(), s))
	wants.Err(t, late(), driver.ErrEnded)
	is.Equal(w.mem.Len(), 0)

	// Nor after a logout by the ID only.
	s = w.Create()
	w.store.Once("Create", func(c *cued.Call) error {
		late = c.Do
		return sessions.ErrOutcomeUnknown
	})
	wants.Err(t, w.Save(t.Context(), s), sessions.ErrOutcomeUnknown)
	is.NoErr(w.DestroyID(t.Context(), s.ID().Secret()))
	wants.Err(t, late(), driver.ErrEnded)
	is.True(!w.alive(t, s))
}

// at runs f before or after the n-th store call from now on. came reports whether there was one.
func (w world) at(n int, after bool, f func()) (came *bool) {
	came = new(bool)
	i := 0
	w.store.On("any", func(c *cued.Call) error {
		i++
		if i != n {
			return c.Do()
		}
		*came = true
		if !after {
			f()
			return c.Do()
		}
		err := c.Do()
		f()
		return err
	})
	return came
}

// atEveryCall runs f with the number of each call, before it and after it, until there is no call
// of that number.
func atEveryCall(f func(n int, after bool) (came bool)) {
	for n, more := 1, true; more; n++ {
		more = false
		for _, after := range []bool{false, true} {
			more = f(n, after) || more
		}
	}
}

// A session that is ended at any point of its renewal or login is dead under both IDs.
func TestEnded_BesideARenewal(t *testing.T) {
	for _, move := range []string{"Renew", "Authenticate"} {
		for _, e := range endings {
			switch e.name {
			case "Renew", "Authenticate", "Authenticate as another", "eviction":
				continue // they have their own tests
			}
			atEveryCall(func(n int, after bool) (ran bool) {
				t.Run(fmt.Sprintf("%s beside %s at %d, after %v", e.name, move, n, after), func(t *testing.T) {
					is := is.New(t)
					w, s := signedIn(t, sessions.Config[cart]{})
					old := s.ID().Secret()
					other := world{Manager: w.other, other: w.other, store: w.store, mem: w.mem, clock: w.clock}
					held, err := w.other.Load(t.Context(), old)
					is.NoErr(err)
					var endErr error
					came := w.at(n, after, func() { endErr = e.end(t.Context(), other, held) })
					if move == "Renew" {
						err = w.Renew(t.Context(), s)
					} else {
						err = w.Authenticate(t.Context(), s, "user")
					}
					w.store.Off()
					if !*came {
						return
					}
					ran = true
					if e.name == "Revoke" && errors.Is(endErr, sessions.ErrRenewed) {
						// Its former handle is unknown.
						endErr = w.other.Revoke(t.Context(), "user", w.handles(t, "user")[0])
					}
					is.NoErr(endErr)
					is.True(!w.isAlive(t, old))
					if err == nil {
						is.True(!w.alive(t, s))
					}
					is.Equal(w.mem.Len(), 0) // no record is left
					is.Equal(len(w.handles(t, "user")), 0)
					if err != nil && !errors.Is(err, sessions.ErrNotFound) && !errors.Is(err, sessions.ErrRevoked) {
						t.Errorf("%s: %v", move, err)
					}
				})
				return ran
			})
		}
	}
}

package lifecycle_test

import (
	"context"
	"slices"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/integration/engine"
	"github.com/dynasession/dynasession/integration/faults"
	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
)

// lose makes the next attempt of an operation meet the fault, and all later ones fail until restore
// is called.
func (h host) lose(operation string, first faults.Fault) (restore func()) {
	h.network.Plan(operation, append([]faults.Fault{first}, slices.Repeat([]faults.Fault{faults.CutBefore}, 50)...)...)
	return func() { h.network.Unplan(operation) }
}

// Another client writes between our attempt, which was applied, and the next. If that were a
// conflict, the caller would apply its change twice; success would be a guess. So the outcome is
// unknown.
func TestUnknown_AnotherWriterCameBetween(t *testing.T) {
	for name, meanwhile := range map[string]func(c ctx, t *testing.T, h host, id string){
		"and changed it": func(c ctx, t *testing.T, h host, id string) {
			_, err := h.other.Update(c, id, func(c *cart) error { c.Count += 100; return nil })
			is.New(t).NoErr(err)
		},
		"and destroyed it": func(c ctx, t *testing.T, h host, id string) { is.New(t).NoErr(h.other.DestroyID(c, id)) },
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			h := newHost(t)
			s := saved(t, h.Manager, cart{Count: 1})
			id := s.ID().Secret()
			restore := h.lose("UpdateItem", faults.CutAfter)
			s.Data.Count = 2
			// The save is applied, but its response is lost.
			wants.Err(t, h.Save(t.Context(), s), sessions.ErrOutcomeUnknown)
			restore()
			meanwhile(t.Context(), t, h, id)
			err := h.Save(t.Context(), s)
			is.True(err != nil) // never success
			count := -1
			if got, err := h.other.Load(t.Context(), id); err == nil {
				count = int(got.Data.Count)
			}
			is.True(count == 102 || count == -1) // both changes once, or destroyed
		})
	}
}

// Update stops when it can't know the outcome, and never applies its function twice.
func TestUnknown_UpdateNeverAppliesTwice(t *testing.T) {
	for _, fault := range []faults.Fault{faults.CutAfter, faults.CutBefore} {
		t.Run(fault.String(), func(t *testing.T) {
			is := is.New(t)
			h := newHost(t)
			id := saved(t, h.Manager, cart{}).ID().Secret()
			h.lose("UpdateItem", fault)
			calls := 0
			_, err := h.Update(t.Context(), id, func(c *cart) error { calls++; c.Count++; return nil })
			wants.Err(t, err, sessions.ErrOutcomeUnknown)
			is.Equal(calls, 1)
			want := int64(0)
			if fault == faults.CutAfter {
				want = 1
			}
			is.Equal(loaded(t, h.other, id).Data.Count, want)
		})
	}
}

// A save with an unknown outcome may be repeated. Whether or not it was applied, it counts once.
func TestUnknown_ASaveMayBeRepeated(t *testing.T) {
	for _, fault := range []faults.Fault{faults.CutAfter, faults.CutBefore} {
		t.Run(fault.String(), func(t *testing.T) {
			is := is.New(t)
			h := newHost(t)
			s := saved(t, h.Manager, cart{})
			s.Data.Items = append(s.Data.Items, "tea")
			restore := h.lose("UpdateItem", fault)
			wants.Err(t, h.Save(t.Context(), s), sessions.ErrOutcomeUnknown)
			restore()
			is.NoErr(h.Save(t.Context(), s))
			is.Equal(loaded(t, h.other, s.ID().Secret()).Data.Items, []string{"tea"})
		})
	}
}

// onCreate is a store whose client hangs up just before each Create.
type onCreate struct {
	sessions.Store
	hangUp func()
}

func (o *onCreate) Create(c ctx, rec driver.Record) error {
	o.hangUp()
	return o.Store.Create(c, rec)
}

// A logout succeeds even if the client has hung up.
func TestCancelled_DestroyGoesThrough(t *testing.T) {
	places(t, func(t *testing.T, p place) {
		is := is.New(t)
		m := manager(t, p, sessions.Config[cart]{})
		done, cancel := context.WithCancel(t.Context())
		cancel()
		is.NoErr(m.Destroy(done, saved(t, m, cart{})))
		is.NoErr(m.DestroyID(done, saved(t, m, cart{}).ID().Secret()))
		is.Equal(p.count(t), 0)
	})
}

// A client hangs up during a renewal or login. If it has begun, it goes through; if not, nothing
// changes.
func TestCancelled_RenewAndAuthenticateGoThroughOnceBegun(t *testing.T) {
	for _, name := range []string{"Renew", "Authenticate"} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			h := newHost(t)
			s := saved(t, h.Manager, cart{Count: 6})
			before := s.ID()
			done, cancel := context.WithCancel(t.Context())
			cancel()
			// The operation does not begin.
			wants.Err(t, operations[name].call(done, h, s), sessions.ErrUnavailable)
			is.Equal(s.ID(), before)
			loaded(t, h.other, before.Secret())

			hurried, hangUp := context.WithCancel(t.Context())
			store := &onCreate{engine.Store(t, h.table), hangUp}
			m, err := sessions.New[cart](store, nil)
			is.NoErr(err)
			h.Manager = m
			s = loaded(t, m, before.Secret())
			is.NoErr(operations[name].call(hurried, h, s))
			is.True(hurried.Err() != nil)
			loaded(t, h.other, s.ID().Secret())
			is.Equal(engine.Count(t, h.table), 1)
		})
	}
}

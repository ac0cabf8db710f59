package sessions_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/internal/cued"
	"github.com/dynasession/dynasession/sessions/memstore"
)

// state is the stored state of an ID from some time on.
type state struct {
	at    time.Time
	count int
	ended bool
}

// idModel is an ID, and all its states.
type idModel struct {
	id       string
	states   []state
	deadline time.Time // of the last state
	least    [2]int    // by Manager: the earliest state that it may still return
}

func (m *idModel) last() state { return m.states[len(m.states)-1] }

// peekMachine makes random calls of two Managers with PeekFor, and checks the results of their
// Peeks.
type peekMachine struct {
	clock    *clock.Fake
	store    *cued.Store
	managers [2]*sessions.Manager[cart]
	peekFor  time.Duration
	idle     time.Duration
	ids      []*idModel
}

func newPeekMachine(t *rapid.T) *peekMachine {
	c := clock.NewFake(start)
	mc := &peekMachine{clock: c, store: cued.New(memstore.New(&memstore.Config{Clock: c}))}
	mc.peekFor = time.Duration(rapid.IntRange(1, 60).Draw(t, "PeekFor, s")) * time.Second
	mc.idle = mc.peekFor.Truncate(time.Second) + time.Duration(rapid.IntRange(0, 60).Draw(t, "idle timeout, s more"))*time.Second
	for i := range mc.managers {
		m, err := sessions.New(mc.store, &sessions.Config[cart]{
			IdleTimeout: mc.idle, TouchInterval: -1, Clock: c, PeekFor: mc.peekFor, PeekBytes: 64 << 10,
		})
		if err != nil {
			t.Fatal(err)
		}
		mc.managers[i] = m
	}
	return mc
}

func (mc *peekMachine) alive(m *idModel) bool {
	return !m.last().ended && mc.clock.Now().Before(m.deadline)
}

func (mc *peekMachine) host(t *rapid.T) int { return rapid.IntRange(0, 1).Draw(t, "Manager") }

func (mc *peekMachine) pick(t *rapid.T) *idModel {
	if len(mc.ids) == 0 {
		t.Skip("none yet")
	}
	return rapid.SampledFrom(mc.ids).Draw(t, "ID")
}

// stored notes a state and an access that a Manager has stored.
func (mc *peekMachine) stored(host int, m *idModel, s state) {
	s.at = mc.clock.Now()
	m.states = append(m.states, s)
	m.least[host] = len(m.states) - 1
	m.deadline = mc.clock.Now().Truncate(time.Second).Add(mc.idle)
}

func (mc *peekMachine) create(t *rapid.T) {
	host := mc.host(t)
	s := mc.managers[host].Create()
	want(t, "Authenticate", mc.managers[host].Authenticate(context.Background(), s, "u"), nil)
	m := &idModel{id: s.ID().Secret()}
	mc.stored(host, m, state{})
	mc.ids = append(mc.ids, m)
}

func (mc *peekMachine) update(t *rapid.T) { mc.updateBy(t, mc.host(t), mc.pick(t)) }

func (mc *peekMachine) updateBy(t *rapid.T, host int, m *idModel) {
	s, err := mc.managers[host].Update(context.Background(), m.id, func(c *cart) error { c.Count++; return nil })
	if mc.checkGone(t, "Update", host, m, err) {
		return
	}
	if s.Data.Count != m.last().count+1 {
		t.Fatalf("Update on %d, want %d", s.Data.Count-1, m.last().count)
	}
	mc.stored(host, m, state{count: s.Data.Count})
}

func (mc *peekMachine) load(t *rapid.T) { mc.loadBy(t, mc.host(t), mc.pick(t)) }

func (mc *peekMachine) loadBy(t *rapid.T, host int, m *idModel) {
	s, err := mc.managers[host].Load(context.Background(), m.id)
	if mc.checkGone(t, "Load", host, m, err) {
		return
	}
	if s.Data.Count != m.last().count {
		t.Fatalf("Load sees %d, want %d", s.Data.Count, m.last().count)
	}
	m.least[host] = len(m.states) - 1
	m.deadline = mc.clock.Now().Truncate(time.Second).Add(mc.idle)
}

// checkGone reports whether err says that the session is gone, and fails if it isn't.
func (mc *peekMachine) checkGone(t *rapid.T, name string, host int, m *idModel, err error) bool {
	if mc.alive(m) {
		want(t, name, err, nil)
		return false
	}
	want(t, name+" of a dead one", err, sessions.ErrNotFound)
	m.least[host] = len(m.states) - 1
	return true
}

func (mc *peekMachine) renew(t *rapid.T) { mc.renewBy(t, mc.host(t), mc.pick(t)) }

func (mc *peekMachine) renewBy(t *rapid.T, host int, m *idModel) {
	s, err := mc.managers[host].Load(context.Background(), m.id)
	if mc.checkGone(t, "Load", host, m, err) {
		return
	}
	call := mc.managers[host].Renew
	if rapid.Bool().Draw(t, "by a login") {
		call = func(ctx context.Context, s *sessions.Session[cart]) error {
			return mc.managers[host].Authenticate(ctx, s, "u")
		}
	}
	want(t, "renewal", call(context.Background(), s), nil)
	mc.stored(host, m, state{ended: true})
	next := &idModel{id: s.ID().Secret()}
	mc.stored(host, next, state{count: s.Data.Count})
	mc.ids = append(mc.ids, next)
}

func (mc *peekMachine) destroy(t *rapid.T) { mc.destroyBy(t, mc.host(t), mc.pick(t)) }

func (mc *peekMachine) destroyBy(t *rapid.T, host int, m *idModel) {
	if m.last().ended {
		return // it would follow a renewal, which the model can't
	}
	want(t, "DestroyID", mc.managers[host].DestroyID(context.Background(), m.id), nil)
	mc.stored(host, m, state{ended: true})
}

func (mc *peekMachine) revoke(t *rapid.T) {
	host := mc.host(t)
	_, err := mc.managers[host].RevokeAll(context.Background(), "u")
	want(t, "RevokeAll", err, nil)
	for _, m := range mc.ids {
		if !m.last().ended {
			mc.stored(host, m, state{ended: true})
		}
	}
}

// peek calls Peek, with another call between its read and its return.
func (mc *peekMachine) peek(t *rapid.T) {
	host, m := mc.host(t), mc.pick(t)
	before := *m
	if between := rapid.IntRange(0, 9).Draw(t, "between"); between < 5 {
		other := mc.host(t)
		mc.store.Once("Load", func(c *cued.Call) error {
			err := c.Do()
			[]func(*rapid.T, int, *idModel){mc.updateBy, mc.loadBy, mc.renewBy, mc.destroyBy, mc.destroyBy}[between](t, other, m)
			return err
		})
		defer mc.store.Off()
	}
	now := mc.clock.Now()
	s, err := mc.managers[host].Peek(context.Background(), m.id)
	if errors.Is(err, sessions.ErrNotFound) {
		if mc.alive(&before) {
			t.Fatalf("Peek says %v, and it is alive", err)
		}
		return
	}
	want(t, "Peek", err, nil)
	for i := len(m.states) - 1; i >= before.least[host]; i-- {
		old := i < len(m.states)-1 && !m.states[i+1].at.After(now.Add(-mc.peekFor))
		if old {
			break
		}
		if !m.states[i].ended && m.states[i].count == s.Data.Count {
			if !s.ExpiresAt().After(now) {
				t.Fatalf("Peek shows a session that has expired at %v", s.ExpiresAt())
			}
			m.least[host] = max(m.least[host], i)
			return
		}
	}
	t.Fatalf("Peek at %v by %d sees %d; stored were %+v, of which it may see those from %d on", now, host, s.Data.Count, m.states, before.least[host])
}

func (mc *peekMachine) advance(t *rapid.T) {
	most := rapid.SampledFrom([]time.Duration{time.Second, mc.peekFor, 2 * mc.idle}).Draw(t, "at most")
	mc.clock.Advance(time.Duration(rapid.Int64Range(0, int64(most)).Draw(t, "by, ns")))
}

// A Peek never returns a session that its own Manager has ended or seen changed, nor a state older
// than PeekFor; it returns ErrNotFound only if there is no session.
func TestPeekFor_ShowsNothingOlder(t *testing.T) {
	for range 5 { // of a hundred sequences each, unless -rapid.checks says otherwise
		rapid.Check(t, func(t *rapid.T) {
			mc := newPeekMachine(t)
			t.Repeat(map[string]func(*rapid.T){
				"create": mc.create, "load": mc.load, "update": mc.update, "renew": mc.renew, "destroy": mc.destroy, "revoke": mc.revoke,
				"advance": mc.advance, "peek": mc.peek, "peek again": mc.peek, "and again": mc.peek,
			})
		})
	}
}

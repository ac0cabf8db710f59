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

// model is a session without a store, codec or revs, except for a counter.
type model struct {
	id                string
	count             int
	rev               int // how often it was written
	subject           string
	created, accessed time.Time
	idle, absolute    time.Duration
	ended             bool
	renewed           map[string]time.Time // when each former ID was exchanged
}

func (m *model) deadline() time.Time {
	idle, absolute := m.accessed.Add(m.idle), m.created.Add(m.absolute)
	if absolute.Before(idle) {
		return absolute.Truncate(time.Second)
	}
	return idle.Truncate(time.Second)
}

// held is a session that a request holds, with the data as it was loaded.
type held struct {
	*sessions.Session[cart]
	of  *model
	rev int
	id  string
}

// machine makes random calls, and compares each result with the model.
type machine struct {
	clock    *clock.Fake
	store    *cued.Store
	managers []*sessions.Manager[cart]
	touch    time.Duration
	idle     time.Duration
	models   []*model
	inHand   []*held
}

func newMachine(t *rapid.T) *machine {
	c := clock.NewFake(start)
	store := cued.New(memstore.New(&memstore.Config{Clock: c}))
	idle := time.Duration(rapid.IntRange(2, 7200).Draw(t, "idle timeout, s")) * time.Second
	touch := time.Duration(rapid.Int64Range(-1, int64(idle)-1).Draw(t, "touch interval, ns"))
	if touch == 0 {
		touch = idle / 20 // the default
	}
	mc := &machine{clock: c, store: store, touch: touch, idle: idle}
	for range 2 {
		m, err := sessions.New(store, &sessions.Config[cart]{
			IdleTimeout: idle, AbsoluteTimeout: 4 * idle, TouchInterval: touch, Clock: c, Merge: sessions.NoMerge[cart],
		})
		if err != nil {
			t.Fatal(err)
		}
		mc.managers = append(mc.managers, m)
	}
	return mc
}

func (mc *machine) manager(t *rapid.T) *sessions.Manager[cart] {
	return rapid.SampledFrom(mc.managers).Draw(t, "manager")
}

// now returns the time with the precision of the stored form.
func (mc *machine) now() time.Time { return mc.clock.Now().Truncate(time.Microsecond) }

func (mc *machine) dead(m *model) bool { return m.ended || !mc.clock.Now().Before(m.deadline()) }

// due returns how old the recorded access must be for a read to record another.
func (mc *machine) due(m *model) time.Duration {
	if m.idle < mc.idle && mc.touch > 0 {
		return time.Duration(float64(mc.touch) * (float64(m.idle) / float64(mc.idle)))
	}
	return mc.touch
}

func (mc *machine) create(t *rapid.T) {
	m := mc.manager(t)
	s := m.Create()
	if rapid.Bool().Draw(t, "timeouts of its own") {
		s.IdleTimeout = time.Duration(rapid.IntRange(1, 10000).Draw(t, "idle, s")) * time.Second
		s.AbsoluteTimeout = time.Duration(rapid.IntRange(1, 20000).Draw(t, "absolute, s")) * time.Second
	}
	of := &model{id: s.ID().Secret(), created: mc.now(), accessed: mc.now(), idle: s.IdleTimeout, absolute: s.AbsoluteTimeout}
	mc.models = append(mc.models, of)
	want(t, "Save of a new one", m.Save(context.Background(), s), nil)
	mc.inHand = append(mc.inHand, &held{s, of, 0, of.id})
}

func (mc *machine) load(t *rapid.T) {
	of := mc.pick(t)
	mc.store.Took()
	s, err := mc.manager(t).Load(context.Background(), of.id)
	if mc.dead(of) {
		want(t, "Load of a dead one", err, sessions.ErrNotFound)
		return
	}
	want(t, "Load", err, nil)
	touched := mc.now().Sub(of.accessed) >= mc.due(of) && mc.now().After(of.accessed)
	if touched {
		of.accessed = mc.now()
	}
	if calls := mc.store.Took(); (len(calls) == 2) != touched {
		t.Fatalf("store calls %v, and a touch is due: %v", calls, touched)
	}
	mc.compare(t, s, of)
	mc.inHand = append(mc.inHand, &held{s, of, of.rev, of.id})
}

func (mc *machine) compare(t *rapid.T, s *sessions.Session[cart], of *model) {
	if s.Data.Count != of.count || s.Subject() != of.subject || s.IdleTimeout != of.idle || s.AbsoluteTimeout != of.absolute ||
		!s.CreatedAt().Equal(of.created) || !s.AccessedAt().Equal(of.accessed) || !s.ExpiresAt().Equal(of.deadline()) {
		t.Fatalf("%+v of %d, accessed %v, ends %v; want %+v, ends %v", s, s.Data.Count, s.AccessedAt(), s.ExpiresAt(), of, of.deadline())
	}
}

// write makes a call that writes the session of h, and applies it to the model. A renewal of an
// unchanged session keeps the stored data.
func (mc *machine) write(t *rapid.T, name string, h *held, call func() error, then func(of *model)) {
	err := call()
	switch stale := h.rev != h.of.rev || h.id != h.of.id; {
	case h.of.ended, h.id != h.of.id:
		want(t, name+" of one that is gone", err, sessions.ErrNotFound)
		if at, ok := h.of.renewed[h.id]; ok && mc.now().Sub(at) < 29*time.Minute {
			want(t, name+" of one that goes on elsewhere", err, sessions.ErrRenewed)
		}
	case mc.dead(h.of):
		if err == nil || !stale && !errors.Is(err, sessions.ErrNotFound) {
			t.Fatalf("%s of a dead one: %v", name, err)
		}
	case stale && name == "Save":
		want(t, name+" of a stale one", err, sessions.ErrConflict)
	default:
		want(t, name, err, nil)
		then(h.of)
		if id := h.ID().Secret(); id != h.id {
			if h.of.renewed == nil {
				h.of.renewed = map[string]time.Time{}
			}
			h.of.renewed[h.id] = mc.now()
		}
		h.rev, h.id = h.of.rev, h.of.id
		mc.compare(t, h.Session, h.of)
		return
	}
	mc.drop(h)
}

func (mc *machine) save(t *rapid.T) {
	h, m := mc.hand(t), mc.manager(t)
	count, idle := h.Data.Count, h.IdleTimeout
	if rapid.Bool().Draw(t, "change data") {
		h.Data.Count++
	}
	if rapid.Bool().Draw(t, "change the idle timeout") {
		h.IdleTimeout = time.Duration(rapid.IntRange(1, 10000).Draw(t, "idle, s")) * time.Second
	}
	if h.Data.Count == count && h.IdleTimeout == idle {
		mc.store.Took()
		err := m.Save(context.Background(), h.Session)
		if calls := mc.store.Took(); len(calls) > 1 || (len(calls) == 1 && calls[0] != "Load") {
			t.Fatalf("an unchanged session costs %v", calls)
		}
		if err != nil {
			want(t, "Save of an unchanged one", err, sessions.ErrNotFound)
			mc.drop(h)
		}
		return
	}
	mc.write(t, "Save", h, func() error { return m.Save(context.Background(), h.Session) }, func(of *model) {
		of.count, of.idle, of.rev = h.Data.Count, h.IdleTimeout, of.rev+1
		of.accessed = later(of.accessed, mc.now())
	})
}

func (mc *machine) renew(t *rapid.T) {
	h, m := mc.hand(t), mc.manager(t)
	mc.write(t, "Renew", h, func() error { return m.Renew(context.Background(), h.Session) }, func(of *model) {
		of.id, of.rev = h.ID().Secret(), of.rev+1
		of.accessed = later(of.accessed, mc.now())
	})
}

func (mc *machine) authenticate(t *rapid.T) {
	h, m := mc.hand(t), mc.manager(t)
	mc.write(t, "Authenticate", h, func() error { return m.Authenticate(context.Background(), h.Session, "u") }, func(of *model) {
		of.id, of.rev, of.subject, of.created, of.accessed = h.ID().Secret(), of.rev+1, "u", mc.now(), mc.now()
	})
}

func (mc *machine) update(t *rapid.T) {
	of := mc.pick(t)
	s, err := mc.manager(t).Update(context.Background(), of.id, func(c *cart) error { c.Count++; return nil })
	if mc.dead(of) {
		want(t, "Update of a dead one", err, sessions.ErrNotFound)
		return
	}
	want(t, "Update", err, nil)
	of.count, of.rev, of.accessed = of.count+1, of.rev+1, later(of.accessed, mc.now())
	mc.compare(t, s, of)
}

func (mc *machine) destroy(t *rapid.T) {
	h := mc.hand(t)
	for id, at := range h.of.renewed {
		if mc.now().Sub(at) >= 29*time.Minute && (h.id == id || h.id != h.of.id) {
			t.Skip("what its ID was exchanged for is forgotten by now, or about to be")
		}
	}
	want(t, "Destroy", mc.manager(t).Destroy(context.Background(), h.Session), nil)
	h.of.ended = true // under whatever ID it has by now
	mc.drop(h)
}

func (mc *machine) advance(t *rapid.T) {
	mc.clock.Advance(time.Duration(rapid.Int64Range(0, int64(mc.idle)*5/4).Draw(t, "by, ns")))
}

func (mc *machine) pick(t *rapid.T) *model {
	if len(mc.models) == 0 {
		t.Skip("none yet")
	}
	return rapid.SampledFrom(mc.models).Draw(t, "session")
}

func (mc *machine) hand(t *rapid.T) *held {
	if len(mc.inHand) == 0 {
		t.Skip("none in hand")
	}
	return rapid.SampledFrom(mc.inHand).Draw(t, "in hand")
}

func (mc *machine) drop(h *held) {
	for i, other := range mc.inHand {
		if other == h {
			mc.inHand = append(mc.inHand[:i:i], mc.inHand[i+1:]...)
			return
		}
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func want(t *rapid.T, what string, err, target error) {
	if !errors.Is(err, target) {
		t.Fatalf("%s: %v, want %v", what, err, target)
	}
}

// Two Managers on one store make random calls while the clock moves; each result must be the
// model's.
func TestManager_DoesWhatTheModelDoes(t *testing.T) {
	for range 10 { // a hundred sequences each, unless -rapid.checks says otherwise
		rapid.Check(t, lives)
	}
}

func lives(t *rapid.T) {
	mc := newMachine(t)
	t.Repeat(map[string]func(*rapid.T){
		"create": mc.create, "load": mc.load, "save": mc.save, "renew": mc.renew, "authenticate": mc.authenticate,
		"update": mc.update, "destroy": mc.destroy, "advance": mc.advance,
	})
}

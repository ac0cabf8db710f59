package sessions_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/internal/cued"
	"github.com/dynasession/dynasession/sessions/memstore"
)

// line is a session through all its IDs, as its clients know it.
type line struct {
	id                 string // the last one that a call has returned
	subject, federated string
	created            time.Time
	acked, tried       int      // how often its count was raised: certainly, and at most
	ended              bool     // a call that ends it has returned nil
	lost               bool     // a call has failed: it may have ended, or have another ID
	former             []string // IDs that are dead for ever
}

// faulty makes random calls on a store that fails before or after its effects, and knows what must
// hold whatever has failed.
type faulty struct {
	clock    *clock.Fake
	store    *cued.Store
	managers []*sessions.Manager[cart]
	limit    int
	before   time.Time // of the last RevokeBefore
	latest   time.Time // that the clock has shown
	lines    []*line
}

func newFaulty(t *rapid.T) *faulty {
	c := clock.NewFake(start)
	f := &faulty{clock: c, store: cued.New(memstore.New(&memstore.Config{Clock: c}))}
	f.limit = rapid.SampledFrom([]int{0, 1, 2}).Draw(t, "limit")
	cfg := sessions.Config[cart]{
		Clock: c, Application: rapid.SampledFrom([]string{"", "shop"}).Draw(t, "application"), IdleTimeout: 10 * time.Hour, AbsoluteTimeout: 11 * time.Hour,
		SubjectLimit: sessions.SubjectLimit{Max: f.limit, Evict: f.limit > 0 && rapid.Bool().Draw(t, "evict")}, RevocationCheck: time.Second,
	}
	other := cfg
	other.IdleTimeout, other.AbsoluteTimeout, other.TouchInterval, other.PeekFor = 20*time.Hour, 24*time.Hour, -1, 5*time.Second
	for _, cfg := range []*sessions.Config[cart]{&cfg, &other} {
		m, err := sessions.New(f.store, cfg)
		if err != nil {
			t.Fatal(err)
		}
		f.managers = append(f.managers, m)
	}
	return f
}

func (f *faulty) manager(t *rapid.T) *sessions.Manager[cart] {
	return rapid.SampledFrom(f.managers).Draw(t, "manager")
}

func (f *faulty) pick(t *rapid.T) *line {
	if len(f.lines) == 0 {
		t.Skip("none yet")
	}
	return rapid.SampledFrom(f.lines).Draw(t, "session")
}

// fail makes one of the next store calls fail, or none.
func (f *faulty) fail(t *rapid.T) {
	nth := rapid.IntRange(1, 16).Draw(t, "the call that fails")
	applied, unknown := rapid.Bool().Draw(t, "after its effect"), rapid.Bool().Draw(t, "outcome unknown")
	f.store.On("any", func(c *cued.Call) error {
		if nth--; nth != 0 {
			return c.Do()
		}
		if read := slices.Contains([]string{"Load", "LoadAll", "LoadRosters"}, c.Name); read || !applied && !unknown {
			c.Loaded, c.Rosters = nil, nil
			return sessions.ErrUnavailable
		}
		if applied {
			if err := c.Do(); err != nil {
				return err
			}
		}
		return sessions.ErrOutcomeUnknown
	})
}

// try makes a call that may meet a fault. If it fails for that reason it makes it again, without
// faults, or gives up.
func (f *faulty) try(t *rapid.T, call func() error) (err error, gaveUp bool) {
	f.fail(t)
	err = call()
	f.store.Off()
	if !errors.Is(err, sessions.ErrUnavailable) {
		return err, false
	}
	if rapid.Bool().Draw(t, "give up") {
		return err, true
	}
	err = call()
	if errors.Is(err, sessions.ErrOutcomeUnknown) {
		return err, true
	}
	if errors.Is(err, sessions.ErrUnavailable) {
		t.Fatalf("a call without a fault: %v", err)
	}
	return err, false
}

func (f *faulty) dead(l *line) bool { return l.ended || l.created.Before(f.before) }

func (f *faulty) create(t *rapid.T) {
	m := f.manager(t)
	s := m.Create()
	err, gaveUp := f.try(t, func() error { return m.Save(context.Background(), s) })
	if gaveUp {
		return
	}
	want(t, "Save of a new one", err, nil)
	f.lines = append(f.lines, &line{id: s.ID().Secret(), created: s.CreatedAt()})
}

// load loads a session without faults, and drops it from the test's view if a fault may have taken
// it away.
func (f *faulty) load(t *rapid.T, m *sessions.Manager[cart], l *line) *sessions.Session[cart] {
	s, err := m.Load(context.Background(), l.id)
	switch {
	case f.dead(l):
		want(t, "Load of a dead one", err, sessions.ErrNotFound)
		return nil
	case l.lost && errors.Is(err, sessions.ErrNotFound):
		return nil
	}
	want(t, "Load", err, nil)
	if s.Data.Count < l.acked || s.Data.Count > l.tried || !l.lost && (s.Subject() != l.subject || !s.CreatedAt().Equal(l.created)) {
		t.Fatalf("%d of %q, created %v; want %+v", s.Data.Count, s.Subject(), s.CreatedAt(), l)
	}
	return s
}

func (f *faulty) change(t *rapid.T) {
	l, m := f.pick(t), f.manager(t)
	s := f.load(t, m, l)
	if s == nil {
		return
	}
	s.Data.Count++
	l.tried++
	if rapid.Bool().Draw(t, "another saves in between") {
		f.store.Off()
		_, err := f.manager(t).Update(context.Background(), l.id, func(c *cart) error { c.Items = append(c.Items, "x"); return nil })
		want(t, "Update", err, nil)
	}
	err, gaveUp := f.try(t, func() error { return m.Save(context.Background(), s) })
	if gaveUp || errors.Is(err, sessions.ErrConflict) {
		return
	}
	want(t, "Save", err, nil)
	l.acked++
}

func (f *faulty) update(t *rapid.T) {
	l, m := f.pick(t), f.manager(t)
	if f.load(t, m, l) == nil {
		return
	}
	f.fail(t)
	l.tried++
	_, err := m.Update(context.Background(), l.id, func(c *cart) error { c.Count++; return nil })
	f.store.Off()
	if err == nil {
		l.acked++
	} else {
		want(t, "Update", err, sessions.ErrUnavailable)
	}
}

func (f *faulty) renew(t *rapid.T) { f.move(t, "") }
func (f *faulty) authenticate(t *rapid.T) {
	f.move(t, rapid.SampledFrom([]string{"u", "v"}).Draw(t, "subject"))
}

func (f *faulty) move(t *rapid.T, subject string) {
	l, m := f.pick(t), f.manager(t)
	if rapid.Bool().Draw(t, "a new one") && subject != "" {
		l = &line{}
	}
	s := m.Create()
	if l.id != "" {
		if s = f.load(t, m, l); s == nil {
			return
		}
		s.Data.Count++
		l.tried++
	}
	if subject != "" {
		s.Federated = rapid.SampledFrom([]string{"", "f"}).Draw(t, "federated")
	}
	federated := s.Federated
	// What others of the subject hold may be evicted, even if the login fails.
	others := slices.DeleteFunc(slices.Clone(f.lines), func(o *line) bool { return o == l || o.subject != subject || subject == "" })
	err, gaveUp := f.try(t, func() error {
		if subject == "" {
			return m.Renew(context.Background(), s)
		}
		return m.Authenticate(context.Background(), s, subject)
	})
	if f.limit > 0 && subject != "" {
		for _, o := range others {
			o.lost = true
		}
	}
	switch {
	case gaveUp:
		l.lost = true
		return
	case errors.Is(err, sessions.ErrLimit) && f.limit > 0:
		return
	case l.lost && errors.Is(err, sessions.ErrNotFound):
		return
	}
	want(t, "Renew or Authenticate", err, nil)
	if l.id == "" {
		f.lines = append(f.lines, l)
	} else {
		l.former = append(l.former, l.id)
		l.acked++
	}
	l.id, l.lost = s.ID().Secret(), false
	if subject != "" {
		l.subject, l.federated, l.created = subject, federated, s.CreatedAt()
	}
}

func (f *faulty) destroy(t *rapid.T) {
	l, m := f.pick(t), f.manager(t)
	id := l.id
	if len(l.former) > 0 && rapid.Bool().Draw(t, "by its former ID") {
		id = l.former[len(l.former)-1]
	}
	call := func() error { return m.DestroyID(context.Background(), id) }
	if id == l.id && rapid.Bool().Draw(t, "loaded") {
		s := f.load(t, m, l)
		if s == nil {
			return
		}
		call = func() error { return m.Destroy(context.Background(), s) }
	}
	err, gaveUp := f.try(t, call)
	if gaveUp {
		l.lost = true
		return
	}
	want(t, "Destroy", err, nil)
	// By an ID that was exchanged in a call that failed, the session that it was exchanged for ends.
	l.ended = true
}

func (f *faulty) revokeAll(t *rapid.T) {
	m, subject := f.manager(t), rapid.SampledFrom([]string{"u", "v"}).Draw(t, "subject")
	byFederated := rapid.Bool().Draw(t, "federated")
	err, gaveUp := f.try(t, func() (err error) {
		if byFederated {
			_, err = m.RevokeFederated(context.Background(), "f")
		} else {
			_, err = m.RevokeAll(context.Background(), subject)
		}
		return err
	})
	if !gaveUp {
		want(t, "RevokeAll", err, nil)
	}
	for _, l := range f.lines {
		switch {
		case byFederated && l.federated != "f", !byFederated && l.subject != subject:
			// A login that failed may have given it to the subject.
		case gaveUp:
			l.lost = true
		default:
			l.ended = true
		}
	}
}

func (f *faulty) revokeBefore(t *rapid.T) {
	m, at := f.manager(t), f.clock.Now().Truncate(time.Microsecond)
	err, gaveUp := f.try(t, func() error { return m.RevokeBefore(context.Background(), at) })
	for _, l := range f.lines {
		if l.created.Before(f.before) && !l.created.Before(at) || gaveUp && l.created.Before(at) {
			l.lost = true // it may live again
		}
	}
	if gaveUp {
		// Whichever time is stored; make it certain.
		err = m.RevokeBefore(context.Background(), at)
	}
	want(t, "RevokeBefore", err, nil)
	f.before = at
	// A Manager looks again a second after its last look, which a clock that went back has put into
	// the future.
	f.clock.Advance(max(0, f.latest.Sub(f.clock.Now())) + 2*time.Second)
	for _, m := range f.managers { // both look, before the clock goes back
		s, err := m.CreateAndSave(context.Background(), cart{})
		want(t, "CreateAndSave", err, nil)
		_, err = m.Load(context.Background(), s.ID().Secret())
		want(t, "Load", err, nil)
	}
}

func (f *faulty) list(t *rapid.T) {
	m, subject := f.manager(t), rapid.SampledFrom([]string{"u", "v"}).Draw(t, "subject")
	infos, err := m.Sessions(context.Background(), subject)
	want(t, "Sessions", err, nil)
	var paged []sessions.Info
	for after := ""; ; {
		page, next, err := m.SessionsPage(context.Background(), subject, after, 2)
		want(t, "SessionsPage", err, nil)
		if paged = append(paged, page...); next == "" {
			break
		}
		after = next
	}
	if len(paged) != len(infos) {
		t.Fatalf("%d sessions in pages, %d at once", len(paged), len(infos))
	}
	known := 0 // a renewal that broke off may have left another, whose ID nobody knows
	for _, l := range f.lines {
		s := f.load(t, m, l)
		has := s != nil && slices.ContainsFunc(infos, func(i sessions.Info) bool { return i.Handle == s.Handle() })
		if is := s != nil && s.Subject() == subject; is != has {
			t.Fatalf("listed: %v, should be: %v, %+v", has, is, l)
		}
		if has {
			known++
		}
	}
	if f.limit > 0 && known > f.limit {
		t.Fatalf("%d sessions, and the limit is %d", known, f.limit)
	}
}

func (f *faulty) peek(t *rapid.T) {
	l := f.pick(t)
	m := f.manager(t)
	f.clock.Advance(5 * time.Second)
	s, err := m.Peek(context.Background(), l.id)
	if f.dead(l) {
		want(t, "Peek of a dead one", err, sessions.ErrNotFound)
	} else if err == nil && (s.Data.Count < l.acked || s.Data.Count > l.tried) {
		t.Fatalf("Peek: %d of %+v", s.Data.Count, l)
	}
}

func (f *faulty) advance(t *rapid.T) {
	f.clock.Advance(time.Duration(rapid.Int64Range(-int64(2*time.Minute), int64(3*time.Minute)).Draw(t, "by, ns")))
}

// check looks at every ID that a client has ever had.
func (f *faulty) check(t *rapid.T) {
	f.store.Off()
	f.latest = later(f.latest, f.clock.Now())
	for _, l := range f.lines {
		for _, id := range l.former {
			_, err := f.managers[0].Load(context.Background(), id)
			want(t, "Load by a former ID", err, sessions.ErrNotFound)
		}
		f.load(t, f.managers[1], l)
	}
}

// Two Managers with different Configs make random calls on a store whose calls fail, while the clock
// moves in both directions: what has ended stays dead, no ID revives, no acknowledged change is
// lost, and every live session is listed.
func TestManager_HoldsWhateverFails(t *testing.T) {
	for range 5 {
		rapid.Check(t, func(t *rapid.T) {
			f := newFaulty(t)
			t.Repeat(map[string]func(*rapid.T){
				"": f.check, "create": f.create, "change": f.change, "update": f.update, "renew": f.renew, "authenticate": f.authenticate,
				"destroy": f.destroy, "revoke all": f.revokeAll, "revoke before": f.revokeBefore, "list": f.list, "peek": f.peek, "advance": f.advance,
			})
		})
	}
}

package sessions_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/internal/cued"
	"github.com/dynasession/dynasession/sessions/internal/rosters"
	"github.com/dynasession/dynasession/sessions/memstore"
)

// line is a session through all its IDs, as its clients know it.
type line struct {
	id                 string // the last one that a call has returned
	subject, federated string
	created            time.Time
	acked, tried       int      // how often its count was raised: certainly, and at most
	ended              bool     // a call that ends it has returned nil
	lost               bool     // a call has failed that may have ended it
	moved              bool     // a renewal or login has failed that may have given it another ID
	former             []string // IDs that are dead for ever
}

// faulty makes random calls on a store that fails before or after its effects, and knows what must
// hold whatever has failed.
type faulty struct {
	clock    *clock.Fake
	store    *cued.Store
	kept     *keptKeys
	managers []*sessions.Manager[cart]
	limit    sessions.SubjectLimit
	before   time.Time // of the last RevokeBefore
	latest   time.Time // that the clock has shown
	lines    []*line
	late     []late
}

// late is a write that the network holds back.
type late struct {
	*cued.Call
	since time.Time
}

// keptKeys is a store that knows every key under which a session was ever stored.
type keptKeys struct {
	driver.Store
	keys []string
}

func (k *keptKeys) Create(ctx context.Context, rec driver.Record) error {
	if !slices.Contains(k.keys, rec.Key) {
		k.keys = append(k.keys, rec.Key)
	}
	return k.Store.Create(ctx, rec)
}

func newFaulty(t *rapid.T) *faulty {
	c := clock.NewFake(start)
	kept := &keptKeys{Store: memstore.New(&memstore.Config{Clock: c})}
	f := &faulty{clock: c, store: cued.New(kept), kept: kept}
	f.limit.Max = rapid.SampledFrom([]int{0, 1, 2, 7}).Draw(t, "limit")
	f.limit.Evict = f.limit.Max > 0 && rapid.Bool().Draw(t, "evict")
	cfg := sessions.Config[cart]{
		Clock: c, Application: rapid.SampledFrom([]string{"", "shop"}).Draw(t, "application"), IdleTimeout: 10 * time.Hour, AbsoluteTimeout: 11 * time.Hour,
		RevocationCheck: time.Second,
	}
	other, free := cfg, cfg
	cfg.SubjectLimit, other.SubjectLimit = f.limit, f.limit
	other.IdleTimeout, other.AbsoluteTimeout, other.TouchInterval, other.PeekFor = 20*time.Hour, 24*time.Hour, -1, 5*time.Second
	for _, cfg := range []*sessions.Config[cart]{&cfg, &other, &free} {
		m, err := sessions.New(f.store, cfg)
		if err != nil {
			t.Fatal(err)
		}
		f.managers = append(f.managers, m)
	}
	// Without the limit, so that some of them are in pages.
	crowd := rapid.SampledFrom([]int{0, 6, 20}).Draw(t, "sessions of the first user")
	for i := range crowd {
		if f.limit.Max > 0 && i >= f.limit.Max {
			break
		}
		s := f.managers[2].Create()
		want(t, "Authenticate", f.managers[2].Authenticate(context.Background(), s, "u"), nil)
		f.lines = append(f.lines, &line{id: s.ID().Secret(), subject: "u", created: s.CreatedAt()})
		f.clock.Advance(time.Second)
	}
	f.managers = f.managers[:2]
	return f
}

func (f *faulty) manager(t *rapid.T) *sessions.Manager[cart] {
	return f.managers[rapid.IntRange(0, len(f.managers)-1).Draw(t, "manager")]
}

func (f *faulty) pick(t *rapid.T) *line {
	if len(f.lines) == 0 {
		t.Skip("none yet")
	}
	return rapid.SampledFrom(f.lines).Draw(t, "session")
}

// fail makes one of the next store calls fail, or none, or it and all after it, as when the process
// dies, or all that drop entries from a list. A write whose outcome is unknown may come later.
func (f *faulty) fail(t *rapid.T) {
	nth, first := rapid.IntRange(1, 16).Draw(t, "the call that fails"), true
	kind := rapid.SampledFrom([]string{"one", "from then on", "those that drop entries"}).Draw(t, "which fail")
	applied, unknown := rapid.Bool().Draw(t, "after its effect"), rapid.Bool().Draw(t, "outcome unknown")
	heldBack := rapid.Bool().Draw(t, "held back")
	f.store.On("any", func(c *cued.Call) error {
		if kind == "those that drop entries" && len(c.Change.Leave) > 0 && c.Change.Enter == "" {
			return sessions.ErrUnavailable
		}
		if nth--; nth > 0 || kind != "from then on" && nth < 0 {
			return c.Do()
		}
		once := first
		first = false
		if read := slices.Contains([]string{"Load", "LoadAll", "LoadRosters"}, c.Name); read || !once || !applied && !unknown {
			c.Loaded, c.Rosters = nil, nil
			return sessions.ErrUnavailable
		}
		if applied {
			if err := c.Do(); err != nil {
				return err
			}
		} else if heldBack {
			f.late = append(f.late, late{c, f.latest})
		}
		return sessions.ErrOutcomeUnknown
	})
}

// deliver makes a write that was held back, for less time than a marker stays.
func (f *faulty) deliver(t *rapid.T) {
	if len(f.late) == 0 {
		t.Skip("none")
	}
	c := f.late[0]
	f.late = f.late[1:]
	if f.latest.Sub(c.since) > 25*time.Minute {
		return
	}
	_ = c.Do()
	if c.Name != "End" || c.End.Marker.Why == driver.Renewed {
		return
	}
	for _, l := range f.lines { // it may be an end that was given up
		if _, err := f.managers[0].Follow(context.Background(), l.id); errors.Is(err, sessions.ErrNotFound) {
			l.lost = true
		}
	}
}

// try makes a call that may meet a fault. If it fails for that reason it makes it again, up to
// twice, in the end without faults, or gives up.
func (f *faulty) try(t *rapid.T, call func() error) (err error, gaveUp bool) {
	for range 2 {
		f.fail(t)
		err = call()
		f.store.Off()
		if !errors.Is(err, sessions.ErrUnavailable) {
			return err, false
		}
		if rapid.Bool().Draw(t, "give up") {
			return err, true
		}
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

// load loads a session without faults, unless a fault may have taken it away from its client.
func (f *faulty) load(t *rapid.T, m *sessions.Manager[cart], l *line) *sessions.Session[cart] {
	s, err := m.Load(context.Background(), l.id)
	switch {
	case f.dead(l):
		want(t, "Load of a dead one", err, sessions.ErrNotFound)
		return nil
	case l.lost && errors.Is(err, sessions.ErrNotFound):
		return nil
	case l.moved && errors.Is(err, sessions.ErrRenewed):
		f.follow(t, l)
		return nil
	}
	want(t, "Load", err, nil)
	if s.Data.Count < l.acked || s.Data.Count > l.tried || !l.lost && (s.Subject() != l.subject || !s.CreatedAt().Equal(l.created)) {
		t.Fatalf("%d of %q, created %v; want %+v", s.Data.Count, s.Subject(), s.CreatedAt(), l)
	}
	l.moved = l.moved && len(f.late) > 0
	return s
}

// follow returns the session of a line, also if it has an ID by now that its client wasn't told;
// nil if it is dead.
func (f *faulty) follow(t *rapid.T, l *line) *sessions.Session[cart] {
	s, err := f.managers[0].Follow(context.Background(), l.id)
	if f.dead(l) || l.lost && errors.Is(err, sessions.ErrNotFound) {
		return nil
	}
	want(t, "Follow", err, nil)
	if s.Data.Count < l.acked || s.Data.Count > l.tried {
		t.Fatalf("%d, want %+v", s.Data.Count, l)
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
	if rapid.Bool().Draw(t, "for longer") {
		s.AbsoluteTimeout += time.Hour
	}
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
	calls := 0
	others := f.others(t, subject, s.Handle())
	err, gaveUp := f.try(t, func() error {
		calls++
		if subject == "" {
			return m.Renew(context.Background(), s)
		}
		return m.Authenticate(context.Background(), s, subject)
	})
	f.evicted(t, others, calls)
	switch {
	case gaveUp:
		l.moved = true
		l.lost = l.lost || f.clock.Now().Before(f.before) // by a clock that went back: it began in the time that was revoked
		return
	case errors.Is(err, sessions.ErrLimit) && f.limit.Max > 0 && len(others) >= f.limit.Max:
		l.moved = calls > 1
		return
	}
	want(t, "Renew or Authenticate", err, nil)
	if l.id == "" {
		f.lines = append(f.lines, l)
	} else {
		l.former = append(l.former, l.id)
		l.acked++
	}
	l.id, l.lost, l.moved = s.ID().Secret(), false, false
	if subject != "" {
		l.subject, l.federated, l.created = subject, federated, s.CreatedAt()
	}
}

// others returns the subject's sessions apart from that of a handle, and from those that were to
// replace it, the least recently used first.
func (f *faulty) others(t *rapid.T, subject, but string) []sessions.Info {
	if subject == "" {
		return nil
	}
	infos, err := f.managers[0].Sessions(context.Background(), subject)
	want(t, "Sessions", err, nil)
	slices.SortStableFunc(infos, func(a, b sessions.Info) int { return a.Accessed.Compare(b.Accessed) })
	return slices.DeleteFunc(infos, func(i sessions.Info) bool {
		rec, err := f.kept.Load(context.Background(), i.Handle)
		want(t, "Load", err, nil)
		return i.Handle == but || rosters.ComesFrom(rec.Rev, but)
	})
}

// evicted checks that a login has ended no more sessions than the limit demands, and those that
// were not used for longest. A login that was repeated may have met what its first call had left.
func (f *faulty) evicted(t *rapid.T, others []sessions.Info, calls int) {
	most, ended := 0, 0
	if f.limit.Evict {
		most = min(max(0, len(others)+calls-f.limit.Max), len(others))
	}
	for i, o := range others {
		if _, err := f.kept.Load(context.Background(), o.Handle); err == nil {
			continue
		}
		if ended++; ended > most || o.Accessed.After(others[most-1].Accessed) {
			t.Fatalf("a login has ended number %d of %d, and may end %d", i, len(others), most)
		}
	}
	if ended == 0 {
		return
	}
	for _, l := range f.lines {
		if _, err := f.managers[0].Follow(context.Background(), l.id); errors.Is(err, sessions.ErrNotFound) {
			l.lost = true
		}
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
	// By an ID that was exchanged in a call that failed, the session that it was exchanged for
	// ends.
	l.ended = true
}

func (f *faulty) revokeAll(t *rapid.T) {
	m, subject := f.manager(t), rapid.SampledFrom([]string{"u", "v"}).Draw(t, "subject")
	byFederated := rapid.Bool().Draw(t, "federated")
	var spared *line
	var except []string
	if !byFederated && rapid.Bool().Draw(t, "except one") {
		spared = f.pick(t)
		except = append(except, f.handle(t, spared))
	}
	err, gaveUp := f.try(t, func() (err error) {
		if byFederated {
			_, err = m.RevokeFederated(context.Background(), "f")
		} else {
			_, err = m.RevokeAll(context.Background(), subject, except...)
		}
		return err
	})
	if !gaveUp {
		want(t, "RevokeAll", err, nil)
	}
	for _, l := range f.lines {
		switch {
		case l == spared:
		case l.moved: // the login that failed may have given it to another subject
			l.lost = true
		case byFederated && l.federated != "f", !byFederated && l.subject != subject:
		case gaveUp:
			l.lost = true
		default:
			l.ended = true
		}
	}
	if !gaveUp && !byFederated && spared == nil && len(f.alive(t)[subject]) > 0 {
		t.Fatalf("a session of %s is alive after RevokeAll", subject)
	}
}

// handle returns a handle that the session of a line has, or had.
func (f *faulty) handle(t *rapid.T, l *line) string {
	if len(l.former) > 0 && rapid.Bool().Draw(t, "by its former handle") {
		return sessions.IDOf(l.former[len(l.former)-1]).Handle()
	}
	return sessions.IDOf(l.id).Handle()
}

func (f *faulty) revoke(t *rapid.T) {
	l, m, subject := f.pick(t), f.manager(t), rapid.SampledFrom([]string{"u", "v"}).Draw(t, "subject")
	handle := f.handle(t, l)
	is := f.follow(t, l)
	err, gaveUp := f.try(t, func() error { return m.Revoke(context.Background(), subject, handle) })
	switch {
	case is == nil:
	case is.Subject() != subject:
		if err == nil {
			t.Fatalf("%s has revoked another's session: %+v", subject, l)
		}
	case gaveUp:
		l.lost = true
	case errors.Is(err, sessions.ErrNotFound): // by the first attempt
		l.ended = true
	default:
		want(t, "Revoke", err, nil)
		l.ended = true
	}
}

func (f *faulty) revokeBefore(t *rapid.T) {
	m, at := f.manager(t), f.clock.Now().Truncate(time.Microsecond)
	err, gaveUp := f.try(t, func() error { return m.RevokeBefore(context.Background(), at) })
	for _, l := range f.lines {
		// It may live again; or a login has begun it anew, nobody knows when.
		if l.created.Before(f.before) && !l.created.Before(at) || gaveUp && l.created.Before(at) || l.moved {
			l.lost = true
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
		s := f.follow(t, l)
		has := s != nil && slices.ContainsFunc(infos, func(i sessions.Info) bool { return i.Handle == s.Handle() })
		if is := s != nil && s.Subject() == subject; is != has {
			t.Fatalf("listed: %v, should be: %v, %+v", has, is, l)
		}
		if has {
			known++
		}
	}
	if f.limit.Max > 0 && known > f.limit.Max {
		t.Fatalf("%d sessions, and the limit is %d", known, f.limit.Max)
	}
}

// alive returns the handles of all stored sessions that are alive, by their subjects, in order.
func (f *faulty) alive(t *rapid.T) map[string][]string {
	alive := map[string][]string{}
	for _, key := range f.kept.keys {
		rec, err := f.kept.Load(context.Background(), key)
		if err == nil && rec.Subject != "" && !rec.Created.Before(f.before) && rec.ExpiresAt().After(f.clock.Now()) {
			alive[rec.Subject] = append(alive[rec.Subject], key)
		}
	}
	for _, keys := range alive {
		slices.Sort(keys)
	}
	return alive
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

// check looks at every ID that a client has ever had, and at both lists, which have all sessions
// that are alive, each once.
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
	alive := f.alive(t)
	for _, subject := range []string{"u", "v"} {
		infos, err := f.managers[0].Sessions(context.Background(), subject)
		want(t, "Sessions", err, nil)
		var listed []string
		for _, i := range infos {
			listed = append(listed, i.Handle)
		}
		if slices.Sort(listed); !slices.Equal(listed, alive[subject]) {
			t.Fatalf("%s has %d sessions in the list, and %d are alive", subject, len(listed), len(alive[subject]))
		}
	}
}

// Two Managers with different Configs make random calls on a store whose calls fail, while the
// clock moves in both directions: what has ended stays dead, no ID revives, no acknowledged change
// is lost, and every live session is listed.
func TestManager_HoldsWhateverFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // pauses take no real time
		for range 5 {
			rapid.Check(struct{ testing.TB }{t}, func(t *rapid.T) { // a *testing.T has no Deadline here
				f := newFaulty(t)
				t.Repeat(map[string]func(*rapid.T){
					"": f.check, "create": f.create, "change": f.change, "update": f.update, "renew": f.renew, "authenticate": f.authenticate,
					"destroy": f.destroy, "revoke": f.revoke, "revoke all": f.revokeAll, "revoke before": f.revokeBefore, "list": f.list,
					"peek": f.peek, "advance": f.advance, "deliver": f.deliver,
				})
			})
		}
	})
}

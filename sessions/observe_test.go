package sessions_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/event"
	"github.com/dynasession/dynasession/sessions/internal/cued"
)

// witness is an Observer that keeps its events.
type witness struct {
	mu     sync.Mutex
	events []event.Event
}

func (w *witness) Observe(_ context.Context, e event.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, e)
}

// kinds returns the kinds of the events since the last call.
func (w *witness) kinds() string {
	var kinds []string
	for _, e := range w.took() {
		kinds = append(kinds, string(e.Kind))
	}
	return strings.Join(kinds, ", ")
}

func (w *witness) took() []event.Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	events := w.events
	w.events = nil
	return events
}

func TestObserver_IsToldOfEverything(t *testing.T) {
	is := is.New(t)
	seen := &witness{}
	p := newWorld(t, &sessions.Config[cart]{
		Observer: seen, SubjectLimit: sessions.SubjectLimit{Max: 2}, RevocationCheck: time.Hour, TouchInterval: time.Minute,
	})
	ctx := t.Context()
	s, err := p.CreateAndSave(ctx, cart{})
	is.NoErr(err)
	is.Equal(seen.kinds(), "created")
	fresh := p.Create()
	is.NoErr(p.Save(ctx, fresh))
	is.Equal(seen.kinds(), "created")
	id := s.ID().Secret()
	_, err = p.Load(ctx, id)
	is.NoErr(err)
	is.Equal(seen.kinds(), "loaded")
	p.clock.Advance(time.Minute)
	stale, err := p.Load(ctx, id)
	is.NoErr(err)
	events := seen.took()
	is.Equal([]event.Kind{events[0].Kind, events[1].Kind}, []event.Kind{event.Touched, event.Loaded})
	is.True(events[1].Touched)
	is.Equal(events[1].Calls, 2)
	is.Equal(events[1].Op, "load")
	is.Equal(events[1].Handle, s.Handle())
	is.True(events[1].Duration >= 0)
	s.Data.Count++
	is.NoErr(p.Save(ctx, s))
	is.Equal(seen.kinds(), "saved")
	is.NoErr(p.Save(ctx, s))
	is.Equal(seen.kinds(), "unchanged")
	stale.Data.Count = 9
	is.True(p.Save(ctx, stale) != nil)
	is.Equal(seen.kinds(), "conflict")
	_, err = p.Update(ctx, id, func(c *cart) error { c.Count++; return nil })
	is.NoErr(err)
	is.Equal(seen.kinds(), "saved")
	_, err = p.Update(ctx, id, func(*cart) error { return nil })
	is.NoErr(err)
	is.Equal(seen.kinds(), "unchanged") // nothing was written
	_, err = p.Update(ctx, id, func(*cart) error { return errors.New("no") })
	is.True(err != nil)
	is.Equal(seen.kinds(), "failed")
	s, err = p.Load(ctx, id)
	is.NoErr(err)
	seen.took()
	is.NoErr(p.Renew(ctx, s))
	is.Equal(seen.kinds(), "renewed")
	is.NoErr(p.Authenticate(ctx, s, "user"))
	events = seen.took()
	is.Equal(events[0].Kind, event.Authenticated)
	is.Equal(events[0].Subject, "user")
	p.login(t, "user")
	seen.took()
	is.True(p.Authenticate(ctx, fresh, "user") != nil)
	is.Equal(seen.kinds(), "limit reached")
	_, err = p.Sessions(ctx, "user")
	is.NoErr(err)
	is.Equal(seen.kinds(), "listed")
	is.NoErr(p.Revoke(ctx, "user", s.Handle()))
	is.Equal(seen.kinds(), "revoked")
	_, err = p.RevokeAll(ctx, "user")
	is.NoErr(err)
	events = seen.took()
	is.Equal(events[0].Ended, 1)
	is.NoErr(p.Destroy(ctx, fresh))
	is.Equal(seen.kinds(), "destroyed")
	is.NoErr(p.DestroyID(ctx, fresh.ID().Secret()))
	is.Equal(seen.kinds(), "destroyed")
	_, err = p.Load(ctx, id)
	is.True(err != nil)
	events = seen.took()
	is.Equal(events[0].Kind, event.RenewedID)
	is.Equal(len(events[0].Handle), 128) // the hash of the text that the client sent
	_, err = p.Load(ctx, "garbage")
	is.True(err != nil)
	is.Equal(seen.kinds(), "invalid ID")
	is.NoErr(p.RevokeBefore(ctx, p.clock.Now()))
	is.Equal(seen.kinds(), "revoked")
}

func TestObserver_TellsTheDeadlinesApart(t *testing.T) {
	is := is.New(t)
	seen := &witness{}
	p := newWorld(t, &sessions.Config[cart]{Observer: seen, AbsoluteTimeout: 3 * time.Hour})
	s, err := p.CreateAndSave(t.Context(), cart{})
	is.NoErr(err)
	p.clock.Advance(2 * time.Hour)
	seen.took()
	_, err = p.Load(t.Context(), s.ID().Secret())
	wants.Err(t, err, sessions.ErrExpired)
	is.Equal(seen.kinds(), "expired (idle)")
	p.clock.Advance(time.Hour)
	_, err = p.Load(t.Context(), s.ID().Secret())
	wants.Err(t, err, sessions.ErrExpired)
	is.Equal(seen.kinds(), "expired (absolute)")
}

func TestObserver_IsToldOfFaults(t *testing.T) {
	is := is.New(t)
	seen := &witness{}
	w := newWorld(t, &sessions.Config[cart]{Observer: seen})
	s := w.saved(t, cart{})
	seen.took()
	for want, err := range map[string]error{
		"store failed": sessions.ErrUnavailable, "outcome unknown": sessions.ErrOutcomeUnknown,
		"too large": &sessions.TooLargeError{Size: 2, Limit: 1},
	} {
		w.store.On("Replace", func(*cued.Call) error { return err })
		s.Data.Count++
		is.True(w.Save(t.Context(), s) != nil)
		is.Equal(seen.kinds(), want)
	}
	w.store.On("Load", func(c *cued.Call) error {
		err := c.Do()
		c.Record.Payload = codec.Opaque("json", []byte("?"))
		return err
	})
	_, err := w.Load(t.Context(), s.ID().Secret())
	is.True(err != nil)
	is.Equal(seen.kinds(), "undecodable")
	w.store.On("Load", func(c *cued.Call) error {
		driver.TraceFrom(c.Context).Recovered()
		return c.Do()
	})
	_, err = w.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(seen.kinds(), "recovered, loaded")
}

// rude is an observer that panics.
type rude struct{}

func (rude) Observe(context.Context, event.Event)          { panic("observer") }
func (rude) Start(context.Context, string) context.Context { panic("observer") }

func TestObserver_OneThatPanicsBreaksNoRequest(t *testing.T) {
	is := is.New(t)
	p := newWorld(t, &sessions.Config[cart]{Observer: rude{}})
	s, err := p.CreateAndSave(t.Context(), cart{Count: 1})
	is.NoErr(err)
	got, err := p.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(got.Data.Count, 1)
	is.NoErr(p.Destroy(t.Context(), s))
	is.Equal(p.mem.Len(), 0)
}

// slow is an observer that blocks until done is closed.
type slow struct{ done chan struct{} }

func (s slow) Observe(context.Context, event.Event) { <-s.done }

func TestObserver_ASlowOneComesAfterTheDeed(t *testing.T) {
	is := is.New(t)
	let := make(chan struct{})
	p := newWorld(t, &sessions.Config[cart]{Observer: slow{let}})
	q := newWorld(t, &sessions.Config[cart]{})
	m, err := sessions.New(p.mem, &sessions.Config[cart]{Clock: p.clock})
	is.NoErr(err)
	s, err := m.CreateAndSave(t.Context(), cart{})
	is.NoErr(err)
	var one sync.WaitGroup
	one.Go(func() { is.NoErr(p.Destroy(t.Context(), s)) })
	for p.mem.Len() > 0 { // the session is destroyed while its observer blocks
		is.Equal(q.mem.Len(), 0)
	}
	close(let)
	one.Wait()
}

// spans is an observer that puts a value in the context.
type spans struct {
	witness
	contexts []any
}

type spanKey struct{}

func (s *spans) Start(ctx context.Context, op string) context.Context {
	return context.WithValue(ctx, spanKey{}, op)
}

func TestStartObserver_ItsContextIsTheStores(t *testing.T) {
	is := is.New(t)
	o := &spans{}
	w := newWorld(t, &sessions.Config[cart]{Observer: o})
	s := w.saved(t, cart{})
	w.store.On("Load", func(c *cued.Call) error {
		o.contexts = append(o.contexts, c.Context.Value(spanKey{}))
		return c.Do()
	})
	_, err := w.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.True(slices.Equal(o.contexts, []any{"load"}))
}

// An event has the capacity that its operation's calls consumed.
func TestObserver_IsToldTheCapacity(t *testing.T) {
	is := is.New(t)
	seen := &witness{}
	w := newWorld(t, &sessions.Config[cart]{Observer: seen})
	s := w.saved(t, cart{})
	seen.took()
	w.store.On("Load", func(c *cued.Call) error {
		driver.TraceFrom(c.Context).Consumed(0.5, 0)
		return c.Do()
	})
	w.store.On("Replace", func(c *cued.Call) error {
		driver.TraceFrom(c.Context).Consumed(0, 2)
		return c.Do()
	})
	_, err := w.Update(t.Context(), s.ID().Secret(), func(c *cart) error { c.Count++; return nil })
	is.NoErr(err)
	events := seen.took()
	is.Equal(len(events), 1)
	is.Equal(events[0].ReadUnits, 0.5)
	is.Equal(events[0].WriteUnits, 2.0)
}

// The event of a login says how many sessions have made room for it.
func TestObserver_IsToldHowManyALoginEvicted(t *testing.T) {
	is := is.New(t)
	seen := &witness{}
	w := newWorld(t, &sessions.Config[cart]{Observer: seen, SubjectLimit: sessions.SubjectLimit{Max: 2, Evict: true}})
	for i := range 4 {
		w.clock.Advance(time.Second)
		w.login(t, "user")
		events := seen.took()
		last := events[len(events)-1]
		is.Equal(last.Kind, event.Authenticated)
		is.Equal(last.Ended, max(0, min(i-1, 1)))
	}
}

// An event names no user that can't exist: exporters refuse texts that are not UTF-8, and with them
// everything that they would have sent.
func TestObserver_IsToldOfNoSubjectThatIsNone(t *testing.T) {
	is := is.New(t)
	seen := &witness{}
	w := newWorld(t, &sessions.Config[cart]{Observer: seen})
	for _, bad := range []string{"\xff", strings.Repeat("x", 1025)} {
		_, err := w.Sessions(t.Context(), bad)
		is.True(err != nil)
		_, err = w.RevokeAll(t.Context(), bad)
		is.True(err != nil)
		is.True(w.Revoke(t.Context(), bad, w.Create().Handle()) != nil)
		is.True(w.Authenticate(t.Context(), w.Create(), bad) != nil)
	}
	events := seen.took()
	is.Equal(len(events), 8)
	for _, e := range events {
		is.Equal(e.Kind, event.Failed)
		is.Equal(e.Subject, "")
	}
}

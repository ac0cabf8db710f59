package sessions_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions/internal/cued"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/sessions"
)

func TestTouchIsWrittenOnceInTheInterval(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil) // 2 h idle: 6 min
	s := w.saved(t, cart{})
	var touches int
	for range 120 { // a request every 30 seconds for an hour
		w.clock.Advance(30 * time.Second)
		_, err := w.Load(t.Context(), s.ID().Secret())
		is.NoErr(err)
		for _, call := range w.store.Took() {
			if call == "Touch" {
				touches++
			}
		}
	}
	is.Equal(touches, 10) // 60 min / 6 min
}

func TestTouchIntervalEdges(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, &sessions.Config[cart]{TouchInterval: time.Minute})
	s := w.saved(t, cart{})
	load := func() *sessions.Session[cart] {
		got, err := w.Load(t.Context(), s.ID().Secret())
		is.NoErr(err)
		return got
	}
	w.clock.Advance(time.Minute - time.Microsecond)
	is.Equal(load().AccessedAt(), start) // not due yet
	is.Equal(w.store.Took(), []string{"Load"})

	w.clock.Advance(time.Microsecond)
	got := load()
	is.Equal(got.AccessedAt(), start.Add(time.Minute)) // due
	is.Equal(got.ExpiresAt(), start.Truncate(time.Second).Add(time.Minute+2*time.Hour))
	is.Equal(w.store.Took(), []string{"Load", "Touch"})

	is.Equal(load().AccessedAt(), start.Add(time.Minute)) // stored for the next Load
	is.Equal(w.store.Took(), []string{"Load"})
}

func TestNegativeTouchIntervalRecordsEveryAccess(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, &sessions.Config[cart]{TouchInterval: -time.Second})
	s := w.saved(t, cart{})
	for range 3 {
		w.clock.Advance(time.Microsecond)
		got, err := w.Load(t.Context(), s.ID().Secret())
		is.NoErr(err)
		is.Equal(got.AccessedAt(), w.clock.Now())
		is.Equal(w.store.Took(), []string{"Load", "Touch"})
	}
	_, err := w.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(w.store.Took(), []string{"Load"}) // at the same moment there is nothing to record
}

// A session ends up to TouchInterval early, never late.
func TestSessionEndsAtMostOneIntervalEarly(t *testing.T) {
	is := is.New(t)
	for phase := time.Duration(0); phase < 2*time.Minute; phase += 7 * time.Second {
		w := newWorld(t, &sessions.Config[cart]{IdleTimeout: 10 * time.Minute, TouchInterval: time.Minute})
		s := w.saved(t, cart{})
		w.clock.Advance(phase)
		// The last access, recorded or not.
		_, err := w.Load(t.Context(), s.ID().Secret())
		is.NoErr(err)
		last := w.clock.Now()

		w.clock.Set(last.Add(9*time.Minute - time.Second))
		_, err = w.other.Load(t.Context(), s.ID().Secret())
		is.NoErr(err) // idle timeout minus interval, minus a second: alive in every phase

		w.clock.Set(last)
		s2 := w.saved(t, cart{})
		w.clock.Set(last.Add(10 * time.Minute))
		_, err = w.other.Load(t.Context(), s2.ID().Secret())
		wants.Err(t, err, sessions.ErrExpired) // idle timeout: dead in every phase
	}
}

// A session whose own idle timeout is shorter than the Manager's interval must not die between two
// touches.
func TestShortSessionsAreTouchedInProportion(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil) // 2 h idle, touched every 6 min
	s := w.Create()
	s.IdleTimeout = time.Minute // so every 3 s
	is.NoErr(w.Save(t.Context(), s))
	for range 100 {
		w.clock.Advance(20 * time.Second)
		_, err := w.Load(t.Context(), s.ID().Secret())
		is.NoErr(err) // in use, so alive
	}
	w.store.Took()
	w.clock.Advance(2 * time.Second)
	_, err := w.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(w.store.Took(), []string{"Load"}) // still at most once in the interval

	long := w.Create()
	long.IdleTimeout = 10 * time.Hour
	is.NoErr(w.Save(t.Context(), long))
	w.store.Took()
	w.clock.Advance(6 * time.Minute)
	_, err = w.Load(t.Context(), long.ID().Secret())
	is.NoErr(err)
	is.Equal(w.store.Took(), []string{"Load", "Touch"}) // a longer one keeps the Manager's interval
}

func TestFailedTouchDoesNotFailTheRead(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, &sessions.Config[cart]{TouchInterval: time.Minute})
	s := w.saved(t, cart{Count: 4})
	w.clock.Advance(time.Minute)
	for _, reason := range []error{sessions.ErrUnavailable, sessions.ErrOutcomeUnknown, errors.New("throttled")} {
		w.store.On("Touch", func(*cued.Call) error { return reason })
		got, err := w.Load(t.Context(), s.ID().Secret())
		is.NoErr(err)
		is.Equal(got.Data.Count, 4)
		is.Equal(got.AccessedAt(), start) // an access that may not be recorded doesn't count
		got.Data.Count = 4
		is.NoErr(w.Save(t.Context(), got)) // the session is usable
	}
	w.store.On("Touch", nil)
	got, err := w.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(got.AccessedAt(), start.Add(time.Minute)) // the next access is recorded
}

func TestTouchThatFindsTheSessionGoneFailsTheRead(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, &sessions.Config[cart]{TouchInterval: time.Minute})
	s := w.saved(t, cart{})
	w.clock.Advance(time.Minute)
	w.store.On("Touch", func(c *cued.Call) error {
		// The logout between our read and our touch.
		is.NoErr(w.other.DestroyID(c.Context, s.ID().Secret()))
		return c.Do()
	})
	_, err := w.Load(t.Context(), s.ID().Secret())
	wants.Err(t, err, sessions.ErrNotFound)
	is.Equal(w.mem.Len(), 0) // the touch didn't revive it
}

// A read that touches must not roll back what another request saved since it read.
func TestTouchDoesNotUndoASave(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, &sessions.Config[cart]{TouchInterval: time.Minute})
	s := w.saved(t, cart{Count: 1})
	w.clock.Advance(time.Minute)
	w.store.On("Touch", func(c *cued.Call) error {
		_, err := w.other.Update(c.Context, s.ID().Secret(), func(c *cart) error { c.Count = 2; return nil })
		is.NoErr(err)
		w.clock.Advance(time.Second)
		return w.mem.Touch(c.Context, c.Key, c.Time.Add(time.Second), c.Time.Add(2*time.Hour+time.Second))
	})
	_, err := w.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	got, err := w.other.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(got.Data.Count, 2)
	rec, err := w.mem.Load(t.Context(), s.Handle())
	is.NoErr(err)
	body, err := codec.BytesOf(rec.Payload, "json")
	is.NoErr(err)
	is.Equal(string(body), `{"items":null,"count":2}`)
}

func TestClockThatGoesBackMovesNoAccessBack(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, &sessions.Config[cart]{TouchInterval: -1})
	s := w.saved(t, cart{})
	w.clock.Advance(-time.Hour) // a host whose clock is behind
	got, err := w.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(got.AccessedAt(), start)
	got.Data.Count++
	is.NoErr(w.Save(t.Context(), got))
	is.Equal(got.AccessedAt(), start)
}

func TestPresets_EndSessionsAsNISTSays(t *testing.T) {
	for name, c := range map[string]struct{ idle, absolute, wantIdle, wantAbsolute time.Duration }{
		"AAL1": {sessions.AAL1IdleTimeout, sessions.AAL1AbsoluteTimeout, 720 * time.Hour, 720 * time.Hour},
		"AAL2": {sessions.AAL2IdleTimeout, sessions.AAL2AbsoluteTimeout, time.Hour, 24 * time.Hour},
		"AAL3": {sessions.AAL3IdleTimeout, sessions.AAL3AbsoluteTimeout, 15 * time.Minute, 12 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			w := newWorld(t, &sessions.Config[cart]{IdleTimeout: c.idle, AbsoluteTimeout: c.absolute})
			s := w.saved(t, cart{})
			w.clock.Advance(c.wantIdle - time.Second)
			_, err := w.Load(t.Context(), s.ID().Secret())
			is.NoErr(err)
			w.clock.Advance(c.wantIdle)
			_, err = w.Load(t.Context(), s.ID().Secret())
			wants.Err(t, err, sessions.ErrExpired)
			is.Equal(s.AbsoluteTimeout, c.wantAbsolute)
		})
	}
}

// If a touch is due, only one of many concurrent reads of a session writes.
func TestTouchOfManyReadsAtATimeIsOne(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.login(t, "user")
	w.clock.Advance(time.Hour)
	const n = 20
	var all, loaded sync.WaitGroup
	loaded.Add(n)
	w.store.On("Load", func(c *cued.Call) error { // all read before one of them writes
		err := c.Do()
		loaded.Done()
		loaded.Wait()
		return err
	})
	for range n {
		all.Go(func() {
			if _, err := w.Load(t.Context(), s.ID().Secret()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	w.store.Off()
	touches := 0
	for _, name := range w.store.Took() {
		if name == "Touch" {
			touches++
		}
	}
	is.Equal(touches, 1)
	got, err := w.other.Peek(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(got.AccessedAt(), w.clock.Now())
	w.clock.Advance(time.Hour)
	_, err = w.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(w.store.Took(), []string{"Load", "Touch"}) // the next one is recorded again
}

// Claims are per session: thousands of sessions are each touched.
func TestTouchOfManySessions(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	var all []*sessions.Session[cart]
	for range 5000 {
		all = append(all, w.saved(t, cart{}))
	}
	for range 2 {
		w.clock.Advance(time.Hour)
		for _, s := range all {
			got, err := w.Load(t.Context(), s.ID().Secret())
			is.NoErr(err)
			is.Equal(got.AccessedAt(), w.clock.Now())
		}
	}
}

// Peek doesn't keep a session alive, and returns a read-only session.
func TestPeek(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, &sessions.Config[cart]{TouchInterval: -1})
	s := w.login(t, "user")
	for range 3 {
		w.clock.Advance(30 * time.Minute)
		got, err := w.Peek(t.Context(), s.ID().Secret())
		is.NoErr(err)
		is.Equal(got.AccessedAt(), start)
		got.Data.Count = 9
		is.True(!w.Changed(got))
		for name, err := range map[string]error{
			"Save": w.Save(t.Context(), got), "Renew": w.Renew(t.Context(), got),
			"Authenticate": w.Authenticate(t.Context(), got, "user"), "Bind": w.Bind(t.Context(), got, make([]byte, 40)),
		} {
			t.Run(name, func(t *testing.T) { wants.Text(t, err, "loaded by Peek") })
		}
	}
	w.clock.Advance(30 * time.Minute)
	_, err := w.Peek(t.Context(), s.ID().Secret())
	wants.Err(t, err, sessions.ErrExpired)
	s = w.login(t, "user")
	got, err := w.Peek(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.NoErr(w.Destroy(t.Context(), got))
	is.True(!w.alive(t, s))
}

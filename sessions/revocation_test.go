package sessions_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions/internal/cued"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions"
)

// OWASP ASVS 7.4.5: one call ends the sessions of all users.
func TestRevokeBefore_ASVS_7_4_5(t *testing.T) {
	is := is.New(t)
	p := newWorld(t, &sessions.Config[cart]{RevocationCheck: 10 * time.Second})
	anonymous, err := p.CreateAndSave(t.Context(), cart{})
	is.NoErr(err)
	user := p.login(t, "user")
	is.True(p.alive(t, user)) // so the other Manager has just checked
	p.clock.Advance(time.Second)
	is.NoErr(p.RevokeBefore(t.Context(), p.clock.Now()))
	_, err = p.Load(t.Context(), user.ID().Secret())
	wants.Err(t, err, sessions.ErrNotFound) // the Manager that did it knows at once
	p.clock.Advance(9*time.Second - time.Millisecond)
	is.True(p.alive(t, user)) // others within RevocationCheck
	p.clock.Advance(time.Millisecond)
	is.True(!p.alive(t, user) && !p.alive(t, anonymous))
	is.True(p.alive(t, p.login(t, "user"))) // later logins are alive
	p.clock.Advance(time.Minute)
	is.NoErr(p.other.RevokeBefore(t.Context(), p.clock.Now())) // once more
	is.True(!p.alive(t, user))
}

func TestRevokeBefore_CostsOneReadInAWhile(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, &sessions.Config[cart]{RevocationCheck: 10 * time.Second})
	s := w.saved(t, cart{})
	for range 100 {
		_, err := w.Load(t.Context(), s.ID().Secret())
		is.NoErr(err)
	}
	is.Equal(len(w.store.Took()), 101)
	w.clock.Advance(10 * time.Second)
	_, err := w.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(len(w.store.Took()), 2)
}

func TestRevokeBefore_IsRefusedWhereNobodyWouldNotice(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	wants.Text(t, w.RevokeBefore(t.Context(), w.clock.Now()), "Config.RevocationCheck is 0")
	is.Equal(len(w.store.Took()), 0)
	_, err := sessions.New(w.mem, &sessions.Config[cart]{RevocationCheck: time.Millisecond})
	wants.Text(t, err, "Config.RevocationCheck is 1ms: must be at least 1s")
}

func TestRevokeBefore_AnOutageOfTheCheckIsOneOfTheLoad(t *testing.T) {
	w := newWorld(t, &sessions.Config[cart]{RevocationCheck: 10 * time.Second})
	s := w.saved(t, cart{})
	w.store.On("LoadAll", func(c *cued.Call) error { return sessions.ErrUnavailable })
	_, err := w.Load(t.Context(), s.ID().Secret())
	wants.Err(t, err, sessions.ErrUnavailable)
}

// The last call counts: an earlier time brings back sessions that a later one has ended.
func TestRevokeBefore_AMoment(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, &sessions.Config[cart]{RevocationCheck: time.Second, IdleTimeout: 10 * time.Hour})
	old := w.login(t, "user")
	w.clock.Advance(time.Hour)
	recent := w.login(t, "user")
	w.clock.Advance(time.Hour)
	step := func(before time.Time, oldLives, recentLives bool) {
		t.Helper()
		is.NoErr(w.RevokeBefore(t.Context(), before))
		w.clock.Advance(time.Second)
		is.Equal(w.alive(t, old), oldLives)
		is.Equal(w.alive(t, recent), recentLives)
	}
	step(recent.CreatedAt(), false, true) // a session created at that time is alive
	step(recent.CreatedAt().Add(time.Microsecond), false, false)
	step(old.CreatedAt(), true, true)
	step(w.clock.Now(), false, false)
	step(time.Time{}, true, true)
	step(time.Unix(-1e9, 0), true, true)
	err := w.RevokeBefore(t.Context(), w.clock.Now().Add(time.Millisecond))
	wants.Text(t, err, "must not be later than now")
	is.True(w.alive(t, recent))
}

// Concurrent calls run one after another, and a store's failure is an error.
func TestRevokeBefore_AtTheSameTime(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, &sessions.Config[cart]{RevocationCheck: time.Second})
	s := w.login(t, "user")
	w.clock.Advance(time.Minute)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if err := w.RevokeBefore(t.Context(), w.clock.Now()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	w.clock.Advance(time.Second)
	is.True(!w.alive(t, s))
	w.store.On("Replace", func(*cued.Call) error { return sessions.ErrUnavailable })
	wants.Err(t, w.RevokeBefore(t.Context(), w.clock.Now()), sessions.ErrUnavailable)
}

// A caller that waits for another's check can give up, and one check serves all waiting callers.
func TestRevokeBefore_ACheckHoldsNobodyUp(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, &sessions.Config[cart]{RevocationCheck: time.Second})
	s := w.saved(t, cart{})
	asked, answer := make(chan struct{}), make(chan struct{})
	checks := 0
	w.store.On("LoadAll", func(c *cued.Call) error {
		checks++
		close(asked)
		<-answer
		return c.Do()
	})
	var all sync.WaitGroup
	all.Go(func() {
		if _, err := w.Load(t.Context(), s.ID().Secret()); err != nil {
			t.Error(err)
		}
	})
	<-asked
	done, cancel := context.WithCancel(t.Context())
	w.store.On("Load", func(c *cued.Call) error {
		defer cancel() // so it gives up while it waits for the check
		return c.Do()
	})
	_, err := w.Load(done, s.ID().Secret()) // returns before the check does
	wants.Err(t, err, context.Canceled)
	w.store.On("Load", nil)
	loaded := make(chan struct{})
	all.Go(func() {
		close(loaded)
		if _, err := w.Load(t.Context(), s.ID().Secret()); err != nil {
			t.Error(err)
		}
	})
	<-loaded
	close(answer)
	all.Wait()
	is.Equal(checks, 1)
}

// If the caller that checks gives up, another waiting caller checks.
func TestRevokeBefore_ACheckThatIsGivenUp(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, &sessions.Config[cart]{RevocationCheck: time.Second})
	s := w.saved(t, cart{})
	w.store.Once("LoadAll", func(*cued.Call) error { return context.Canceled })
	_, err := w.Load(t.Context(), s.ID().Secret())
	wants.Err(t, err, sessions.ErrUnavailable)
	_, err = w.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
}

// If the item that holds the time was damaged, nobody is let in, and the error names the item.
func TestRevokeBefore_ADamagedTimeIsNamed(t *testing.T) {
	w := newWorld(t, &sessions.Config[cart]{RevocationCheck: time.Minute})
	s := w.saved(t, cart{})
	w.store.On("LoadAll", func(c *cued.Call) error {
		err := c.Do()
		c.Loaded[0].Err = sessions.ErrDecode
		return err
	})
	w.clock.Advance(time.Minute)
	_, err := w.Load(t.Context(), s.ID().Secret())
	wants.Err(t, err, sessions.ErrDecode)
	wants.Text(t, err, `item "incident:not-before"`)
}

// Nobody is let in while the item can't be read; another RevokeBefore replaces it.
func TestRevokeBefore_ADamagedTimeIsReplaced(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, &sessions.Config[cart]{RevocationCheck: time.Minute})
	old := w.saved(t, cart{})
	is.NoErr(w.RevokeBefore(t.Context(), w.clock.Now()))
	damaged := true
	w.store.On("Load", func(c *cued.Call) error {
		if err := c.Do(); err != nil || !damaged || c.Key != "incident:not-before" {
			return err
		}
		return sessions.ErrDecode
	})
	w.store.On("LoadAll", func(c *cued.Call) error {
		err := c.Do()
		if damaged && c.Key == "incident:not-before" {
			c.Loaded[0].Err = sessions.ErrDecode
		}
		return err
	})
	w.store.On("End", func(c *cued.Call) error {
		damaged = damaged && c.Key != "incident:not-before"
		return c.Do()
	})
	w.store.Once("Create", func(*cued.Call) error { return sessions.ErrUnavailable })
	w.clock.Advance(time.Minute)
	wants.Err(t, w.RevokeBefore(t.Context(), w.clock.Now()), sessions.ErrUnavailable)
	is.NoErr(w.RevokeBefore(t.Context(), w.clock.Now()))
	_, err := w.Load(t.Context(), old.ID().Secret())
	wants.Err(t, err, sessions.ErrNotFound)
	is.True(!w.alive(t, old))
	is.True(w.alive(t, w.login(t, "user")))
}

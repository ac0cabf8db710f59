package sessions_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/memstore"
)

func TestRevoke_ASVS_7_5_2_EndsExactlyThatSession(t *testing.T) {
	is := is.New(t)
	p := newPeople(t, sessions.Config[cart]{})
	a, b, foreign := p.login(t, "user"), p.login(t, "user"), p.login(t, "another")
	is.True(errors.Is(p.elsewhere.Revoke(t.Context(), "user", foreign.Handle()), sessions.ErrNotFound))
	is.True(p.alive(t, foreign))
	is.NoErr(p.elsewhere.Revoke(t.Context(), "user", a.Handle()))
	is.True(!p.alive(t, a) && p.alive(t, b))
	is.True(errors.Is(p.elsewhere.Revoke(t.Context(), "user", a.Handle()), sessions.ErrNotFound)) // it is no more
	a.Data.Count++
	is.True(errors.Is(p.here.Save(t.Context(), a), sessions.ErrNotFound)) // a slow request doesn't bring it back
	is.Equal(p.handles(t, "user"), []string{b.Handle()})
}

// OWASP ASVS 7.4.2 and 7.4.5: an account's sessions are ended at once.
func TestRevokeAll_ASVS_7_4_2_EndsEveryOne(t *testing.T) {
	is := is.New(t)
	p := newPeople(t, sessions.Config[cart]{})
	var all []*sessions.Session[cart]
	for range 200 { // more than one transaction takes
		all = append(all, p.login(t, "user"))
	}
	foreign := p.login(t, "another")
	n, err := p.elsewhere.RevokeAll(t.Context(), "user")
	is.NoErr(err)
	is.Equal(n, 200)
	for _, s := range all {
		is.True(!p.alive(t, s))
	}
	is.True(p.alive(t, foreign))
	n, err = p.elsewhere.RevokeAll(t.Context(), "user") // again is safe
	is.NoErr(err)
	is.Equal(n, 0)
	is.True(p.alive(t, p.login(t, "user"))) // and then the user signs in again
}

// OWASP ASVS 7.4.3: after a change of password, all others are ended.
func TestRevokeAll_ASVS_7_4_3_ExceptTheCurrent(t *testing.T) {
	is := is.New(t)
	p := newPeople(t, sessions.Config[cart]{})
	a, b, current := p.login(t, "user"), p.login(t, "user"), p.login(t, "user")
	n, err := p.here.RevokeAll(t.Context(), "user", current.Handle())
	is.NoErr(err)
	is.Equal(n, 2)
	is.True(!p.alive(t, a) && !p.alive(t, b) && p.alive(t, current))
}

// pausing is a store in which something happens when a roster has been loaded.
type pausing struct {
	*memstore.Store
	loaded func()
}

func (p *pausing) LoadRoster(ctx context.Context, key string) (driver.Roster, error) {
	r, err := p.Store.LoadRoster(ctx, key)
	if f := p.loaded; f != nil {
		p.loaded = nil
		f()
	}
	return r, err
}

func TestRevokeAll_BeatsALoginUnderWay(t *testing.T) {
	is := is.New(t)
	p := newPeople(t, sessions.Config[cart]{})
	store := &pausing{Store: p.mem}
	merge := func(_, ours, _ cart) (cart, error) { return ours, nil }
	m, err := sessions.New(store, &sessions.Config[cart]{Clock: p.clock, Merge: merge})
	is.NoErr(err)
	for _, stored := range []bool{false, true} {
		s := m.Create()
		if stored {
			is.NoErr(m.Save(t.Context(), s))
		}
		store.loaded = func() {
			_, err := p.elsewhere.RevokeAll(t.Context(), "user")
			is.NoErr(err)
		}
		err = m.Authenticate(t.Context(), s, "user")
		is.True(errors.Is(err, sessions.ErrRevoked))
		is.Equal(len(p.handles(t, "user")), 0)
		is.Equal(p.alive(t, s), stored) // what it was before it still is
		is.NoErr(m.Authenticate(t.Context(), s, "user"))
	}
}

func TestRevokeAll_BeatsARenewalUnderWay(t *testing.T) {
	is := is.New(t)
	p := newPeople(t, sessions.Config[cart]{})
	for range 50 {
		s := p.login(t, "user")
		var both sync.WaitGroup
		both.Go(func() { _ = p.here.Renew(t.Context(), s) })
		both.Go(func() {
			_, err := p.elsewhere.RevokeAll(t.Context(), "user")
			is.NoErr(err)
		})
		both.Wait()
		is.True(!p.alive(t, s))
		is.Equal(p.mem.Len(), 0)
	}
}

// out is a store that is out of reach for so many transactions.
type out struct {
	*memstore.Store
	times int
}

func (o *out) Transact(ctx context.Context, t sessions.Transaction) error {
	if o.times > 0 {
		o.times--
		return sessions.ErrUnavailable
	}
	return o.Store.Transact(ctx, t)
}

func TestRevokeAll_GoesOnAfterAFailure(t *testing.T) {
	is := is.New(t)
	p := newPeople(t, sessions.Config[cart]{})
	for range 5 {
		p.login(t, "user")
	}
	store := &out{p.mem, 3}
	m, err := sessions.New[cart](store, &sessions.Config[cart]{Clock: p.clock})
	is.NoErr(err)
	n, err := m.RevokeAll(t.Context(), "user")
	is.NoErr(err)
	is.Equal(n, 5)

	p.login(t, "user")
	store.times = 1000
	_, err = m.RevokeAll(t.Context(), "user")
	is.True(errors.Is(err, sessions.ErrUnavailable)) // and it doesn't go on for ever
	store.times = 0
	n, err = m.RevokeAll(t.Context(), "user")
	is.NoErr(err)
	is.Equal(n, 1)
}

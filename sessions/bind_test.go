package sessions_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/event"
	"github.com/dynasession/dynasession/sessions/internal/cued"
)

// Bindings are opaque here: a fixed part, and a part that a device adds.
var (
	unregistered = bytes.Repeat([]byte{7}, driver.FixedBinding)
	registered   = append(slices.Clone(unregistered), "a device's key"...)
)

// bindable returns a signed-in session without a device.
func (w world) bindable(t testing.TB) *sessions.Session[cart] {
	t.Helper()
	s := w.Create()
	if err := w.AuthenticateBound(t.Context(), s, "somebody", unregistered); err != nil {
		t.Fatal(err)
	}
	w.store.Took()
	return s
}

func TestBind_IsOneWriteThatKeepsTheRest(t *testing.T) {
	is := is.New(t)
	seen := &witness{}
	p := newWorld(t, &sessions.Config[cart]{Observer: seen})
	s := p.bindable(t)
	early, err := p.other.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	seen.took()
	is.NoErr(p.Bind(t.Context(), s, registered))
	is.Equal(p.store.Took(), []string{"Bind"})
	is.Equal(seen.kinds(), "bound")
	is.Equal(s.Binding(), registered)

	early.Data.Count = 7 // loaded before, saved after
	is.NoErr(p.other.Save(t.Context(), early))
	s.Data.Items = []string{"a"}
	is.NoErr(p.Save(t.Context(), s))
	is.NoErr(p.Renew(t.Context(), s))
	got, err := p.other.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(got.Binding(), registered)
	is.Equal(got.Data, cart{Items: []string{"a"}, Count: 7})
}

func TestBind_InfoTellsBoundFromUnbound(t *testing.T) {
	is := is.New(t)
	p := newWorld(t, nil)
	bound := p.bindable(t)
	is.NoErr(p.Bind(t.Context(), bound, registered))
	p.bindable(t)
	p.login(t, "somebody")
	infos, err := p.Sessions(t.Context(), "somebody")
	is.NoErr(err)
	is.Equal(len(infos), 3)
	for _, info := range infos {
		is.Equal(info.Bound, info.Handle == bound.Handle())
	}
}

func TestBind_Refuses(t *testing.T) {
	is := is.New(t)
	p := newWorld(t, nil)
	s := p.bindable(t)
	again, err := p.other.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.NoErr(p.Bind(t.Context(), s, registered))
	is.NoErr(p.Bind(t.Context(), s, registered)) // the same again is a success
	wants.Err(t, p.other.Bind(t.Context(), again, append(slices.Clone(unregistered), "a thief's"...)), sessions.ErrConflict)
	wants.Text(t, p.Bind(t.Context(), s, bytes.Repeat([]byte{8}, 40)), "must begin with the first 33 bytes")
	wants.Text(t, p.Bind(t.Context(), s, unregistered[:10]), "at least 33")
	wants.Text(t, p.Bind(t.Context(), s, append(slices.Clone(unregistered), make([]byte, 1024)...)), "at most 1024")
	wants.Text(t, p.Bind(t.Context(), p.login(t, "somebody"), registered), "must begin with")
	wants.Text(t, p.AuthenticateBound(t.Context(), p.Create(), "somebody", unregistered[:10]), "at least 33")
	peeked, err := p.Peek(t.Context(), s.ID().Secret())
	is.NoErr(err)
	wants.Text(t, p.Bind(t.Context(), peeked, registered), "Peek")
	is.NoErr(p.Destroy(t.Context(), again))
	wants.Err(t, p.Bind(t.Context(), s, append(slices.Clone(registered), 'x')), sessions.ErrNotFound)
}

// A login without a binding removes an earlier one.
func TestBind_AnotherLoginUnbinds(t *testing.T) {
	is := is.New(t)
	p := newWorld(t, nil)
	s := p.bindable(t)
	is.NoErr(p.Bind(t.Context(), s, registered))
	is.NoErr(p.Authenticate(t.Context(), s, "somebody"))
	is.Equal(len(s.Binding()), 0)
	got, err := p.other.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(len(got.Binding()), 0)
}

func TestLoadBound(t *testing.T) {
	is := is.New(t)
	seen := &witness{}
	p := newWorld(t, &sessions.Config[cart]{Observer: seen, TouchInterval: time.Minute})
	s := p.bindable(t)
	is.NoErr(p.Bind(t.Context(), s, registered))
	p.clock.Advance(time.Minute)
	p.store.Took()
	seen.took()

	id, asked := s.ID().Secret(), []byte(nil)
	errProof := errors.New("no proof")
	no := func(binding []byte) error { asked = binding; return errProof }
	for op, load := range map[string]func(ctx, string, func([]byte) error) (*sessions.Session[cart], error){"load": p.LoadBound, "peek": p.PeekBound} {
		got, err := load(t.Context(), id, no)
		is.True(got == nil)
		wants.Err(t, err, sessions.ErrNotBound)
		wants.Err(t, err, errProof)
		wants.NotErr(t, err, sessions.ErrNotFound) // the session is alive
		is.Equal(asked, registered)
		is.Equal(p.store.Took(), []string{"Load"}) // no access is recorded
		events := seen.took()
		is.Equal(len(events), 1)
		is.Equal(events[0].Kind, event.NotBound)
		is.Equal(events[0].Op, op)
		is.Equal(events[0].Handle, s.Handle())
		is.Equal(events[0].Subject, "somebody")
		is.True(!strings.Contains(err.Error(), id))
	}

	yes := func([]byte) error { return nil }
	got, err := p.LoadBound(t.Context(), id, yes)
	is.NoErr(err)
	is.Equal(got.Subject(), "somebody")
	is.Equal(p.store.Took(), []string{"Load", "Touch"})
	got, err = p.PeekBound(t.Context(), id, yes)
	is.NoErr(err)
	is.Equal(got.Subject(), "somebody")

	plain := p.login(t, "somebody")
	_, err = p.LoadBound(t.Context(), plain.ID().Secret(), no) // it has no binding
	is.NoErr(err)
	_, err = p.LoadBound(t.Context(), "nobody's", no)
	wants.Err(t, err, sessions.ErrInvalidID)
	_, err = p.Load(t.Context(), id) // Load requires no proof
	is.NoErr(err)
}

// A device registers while its session is being renewed: before the new record is stored, before
// the old one is marked, and afterwards. In the first two cases the renewed session is bound; in
// the last the registration gets ErrRenewed.
func TestRenew_KeepsARegistrationThatRunsBeside(t *testing.T) {
	for _, call := range []string{"Create", "End"} {
		t.Run("before "+call, func(t *testing.T) {
			is := is.New(t)
			p := newWorld(t, nil)
			s := p.bindable(t)
			beside, err := p.other.Load(t.Context(), s.ID().Secret())
			is.NoErr(err)
			p.store.Once(call, func(c *cued.Call) error {
				is.NoErr(p.other.Bind(t.Context(), beside, registered))
				return c.Do()
			})
			is.NoErr(p.Renew(t.Context(), s))
			is.Equal(s.Binding(), registered)
			got, err := p.other.Load(t.Context(), s.ID().Secret())
			is.NoErr(err)
			is.Equal(got.Binding(), registered)
		})
	}
	t.Run("afterwards", func(t *testing.T) {
		is := is.New(t)
		p := newWorld(t, nil)
		s := p.bindable(t)
		beside, err := p.other.Load(t.Context(), s.ID().Secret())
		is.NoErr(err)
		is.NoErr(p.Renew(t.Context(), s))
		wants.Err(t, p.other.Bind(t.Context(), beside, registered), sessions.ErrRenewed)
	})
	t.Run("and can't be taken along", func(t *testing.T) {
		is := is.New(t)
		p := newWorld(t, nil)
		s := p.bindable(t)
		beside, err := p.other.Load(t.Context(), s.ID().Secret())
		is.NoErr(err)
		p.store.Once("Create", func(c *cued.Call) error {
			is.NoErr(p.other.Bind(t.Context(), beside, registered))
			return c.Do()
		})
		p.store.On("Bind", func(*cued.Call) error { return sessions.ErrUnavailable })
		is.NoErr(p.Renew(t.Context(), s)) // like a session whose device never registered
		is.Equal(s.Binding(), unregistered)
	})
}

// A renewal without a concurrent registration costs as much as for an unbound session.
func TestRenew_OfABoundSessionCostsNoMore(t *testing.T) {
	is := is.New(t)
	p := newWorld(t, nil)
	plain := p.login(t, "somebody")
	is.NoErr(p.Renew(t.Context(), plain))
	want := p.store.Took()
	s := p.bindable(t)
	is.NoErr(p.Bind(t.Context(), s, registered))
	p.store.Took()
	is.NoErr(p.Renew(t.Context(), s))
	is.Equal(p.store.Took(), want)
}

// What the caller does with a binding afterwards changes no session.
func TestBind_TheBindingIsTheSessionsOwn(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	fixed := bytes.Repeat([]byte{1}, driver.FixedBinding)
	first, next := bytes.Clone(fixed), append(bytes.Clone(fixed), 2)
	s := w.Create()
	is.NoErr(w.AuthenticateBound(t.Context(), s, "user", first))
	first[0] = 9
	is.Equal(s.Binding(), fixed)
	is.NoErr(w.Bind(t.Context(), s, next))
	next[0] = 9
	s.Binding()[0] = 9
	is.NoErr(w.Bind(t.Context(), s, append(bytes.Clone(fixed), 3)))
	is.Equal(w.record(t, s).Binding, append(bytes.Clone(fixed), 3))
}

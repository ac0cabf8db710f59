package sessions_test

import (
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/event"
	"github.com/dynasession/dynasession/sessions/internal/cued"
)

// shops returns Managers of two applications on one table, and one without an application.
func shops(t *testing.T, cfg sessions.Config[cart]) (w world, shop, admin, before *sessions.Manager[cart]) {
	t.Helper()
	w = newWorld(t, nil)
	cfg.RevocationCheck = time.Second
	before = w.with(t, cfg)
	cfg.Application = "shop"
	shop = w.with(t, cfg)
	cfg.Application = "admin"
	admin = w.with(t, cfg)
	return w, shop, admin, before
}

func loginTo(t *testing.T, m *sessions.Manager[cart], subject string) *sessions.Session[cart] {
	t.Helper()
	s := m.Create()
	s.Federated = "idp " + subject
	if err := m.Authenticate(t.Context(), s, subject); err != nil {
		t.Fatal(err)
	}
	return s
}

func loads(t *testing.T, m *sessions.Manager[cart], s *sessions.Session[cart]) bool {
	t.Helper()
	_, err := m.Load(t.Context(), s.ID().Secret())
	return err == nil
}

func TestApplication_NoneSeesAnothers(t *testing.T) {
	is := is.New(t)
	w, shop, admin, before := shops(t, sessions.Config[cart]{})
	of := loginTo(t, shop, "7")
	is.Equal(of.Application(), "shop")
	id := of.ID().Secret()
	for _, m := range []*sessions.Manager[cart]{admin, before} {
		_, err := m.Load(t.Context(), id)
		wants.Err(t, err, sessions.ErrNotFound)
		_, err = m.Peek(t.Context(), id)
		wants.Err(t, err, sessions.ErrNotFound)
		_, err = m.Update(t.Context(), id, func(*cart) error { return nil })
		wants.Err(t, err, sessions.ErrNotFound)
		fresh, err := m.LoadOrCreate(t.Context(), id)
		is.NoErr(err)
		is.True(fresh.IsNew())
		wants.Err(t, m.Revoke(t.Context(), "7", of.Handle()), sessions.ErrNotFound)
		infos, err := m.Sessions(t.Context(), "7")
		is.NoErr(err)
		is.Equal(len(infos), 0)
		n, err := m.RevokeAll(t.Context(), "7")
		is.NoErr(err)
		is.Equal(n, 0)
		n, err = m.RevokeFederated(t.Context(), "idp 7")
		is.NoErr(err)
		is.Equal(n, 0)
		// A Manager without an Application ends any session with this ID, as its comment says.
		if m == admin {
			is.NoErr(m.DestroyID(t.Context(), id)) // it has no such session
		}
		is.True(loads(t, shop, of))
		w.clock.Advance(time.Minute)
		is.NoErr(m.RevokeBefore(t.Context(), w.clock.Now()))
		w.clock.Advance(time.Minute)
		is.True(loads(t, shop, of) && shop != m)
	}
	w.clock.Advance(time.Minute)
	is.NoErr(shop.RevokeBefore(t.Context(), w.clock.Now()))
	w.clock.Advance(time.Minute)
	is.True(!loads(t, shop, of))
}

// A renewed ID of another application leads to no session.
func TestApplication_ARenewedIDLeadsNobodyElsewhere(t *testing.T) {
	is := is.New(t)
	_, shop, admin, _ := shops(t, sessions.Config[cart]{})
	of := loginTo(t, shop, "7")
	var old []string
	for range 3 {
		old = append(old, of.ID().Secret())
		is.NoErr(shop.Renew(t.Context(), of))
	}
	for _, id := range old {
		_, err := admin.Load(t.Context(), id)
		wants.Err(t, err, sessions.ErrNotFound)
		is.NoErr(admin.DestroyID(t.Context(), id))
		is.True(loads(t, shop, of))
	}
	is.NoErr(shop.DestroyID(t.Context(), old[0]))
	is.True(!loads(t, shop, of))
}

func TestApplication_LimitsAreEachTheirOwn(t *testing.T) {
	is := is.New(t)
	_, shop, admin, _ := shops(t, sessions.Config[cart]{SubjectLimit: sessions.SubjectLimit{Max: 1}})
	a, b := loginTo(t, shop, "7"), loginTo(t, admin, "7")
	is.True(loads(t, shop, a) && loads(t, admin, b))
	wants.Err(t, shop.Authenticate(t.Context(), shop.Create(), "7"), sessions.ErrLimit)
	n, err := shop.RevokeAll(t.Context(), "7")
	is.NoErr(err)
	is.Equal(n, 1)
	is.True(loads(t, admin, b))
}

// A session that was stored without an application is accepted by all, and belongs to the one that
// signs it in again.
func TestApplication_ARecordWithoutOneIsAcceptedByAll(t *testing.T) {
	is := is.New(t)
	w, shop, admin, before := shops(t, sessions.Config[cart]{})
	old := loginTo(t, before, "7")
	is.True(loads(t, shop, old) && loads(t, admin, old) && loads(t, before, old))
	for _, m := range []*sessions.Manager[cart]{shop, admin} {
		infos, err := m.Sessions(t.Context(), "7")
		is.NoErr(err)
		is.Equal(len(infos), 1)
	}
	s, err := shop.Load(t.Context(), old.ID().Secret())
	is.NoErr(err)
	s.Data.Count = 1
	is.NoErr(shop.Save(t.Context(), s))
	is.NoErr(shop.Renew(t.Context(), s))
	is.True(loads(t, admin, s)) // a renewal is the same session
	is.NoErr(shop.Authenticate(t.Context(), s, "7"))
	is.Equal(s.Application(), "shop")
	is.True(loads(t, shop, s) && !loads(t, admin, s) && !loads(t, before, s))

	// Any application's revocation or logout ends it.
	old = loginTo(t, before, "7")
	n, err := admin.RevokeAll(t.Context(), "7")
	is.NoErr(err)
	is.Equal(n, 1)
	is.True(!loads(t, before, old) && loads(t, shop, s))
	loginTo(t, before, "7")
	n, err = admin.RevokeFederated(t.Context(), "idp 7")
	is.NoErr(err)
	is.Equal(n, 1)
	is.True(!loads(t, before, old))
	old = loginTo(t, before, "7")
	is.NoErr(admin.DestroyID(t.Context(), old.ID().Secret()))
	is.True(!loads(t, before, old))
	old = loginTo(t, before, "7")
	is.NoErr(admin.Revoke(t.Context(), "7", old.Handle()))

	// A RevokeBefore of one application, or of none, ends it for the applications that it applies
	// to.
	old = loginTo(t, before, "8")
	w.clock.Advance(time.Minute)
	is.NoErr(admin.RevokeBefore(t.Context(), w.clock.Now()))
	w.clock.Advance(time.Minute)
	is.True(!loads(t, admin, old) && loads(t, shop, old) && loads(t, before, old))
	is.NoErr(before.RevokeBefore(t.Context(), w.clock.Now()))
	w.clock.Advance(time.Minute)
	is.True(!loads(t, shop, old) && !loads(t, before, old))
	is.True(loads(t, shop, s)) // it belongs to the shop
}

// No two pairs of an application and a subject share a list.
func TestApplication_NamesDoNotRunTogether(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	names := []struct{ application, subject string }{
		{"", "7"}, {"a", "7"}, {"a", "b:7"}, {"a:b", "7"}, {"", "a:7"}, {"", "1:a:7"}, {"1:a", "7"}, {"", "app:7"}, {"7", "a"},
	}
	of := map[int]*sessions.Session[cart]{}
	managers := map[int]*sessions.Manager[cart]{}
	for i, n := range names {
		managers[i] = w.with(t, sessions.Config[cart]{Application: n.application})
		of[i] = loginTo(t, managers[i], n.subject)
	}
	for i, n := range names {
		ended, err := managers[i].RevokeAll(t.Context(), n.subject)
		is.NoErr(err)
		want := 1
		if n.application != "" && n.subject == "7" && loads(t, managers[0], of[0]) {
			want = 2 // every application ends the one without an application
		}
		is.True(ended <= want && ended >= 1 || i > 0)
		is.True(!loads(t, managers[i], of[i]))
		for j := i + 1; j < len(names); j++ {
			is.True(loads(t, managers[j], of[j]))
		}
	}
}

func TestApplication_EventsNameIt(t *testing.T) {
	is := is.New(t)
	seen := &witness{}
	w := newWorld(t, nil)
	m := w.with(t, sessions.Config[cart]{Application: "shop", Observer: seen})
	s := loginTo(t, m, "7")
	is.NoErr(m.Destroy(t.Context(), s))
	_, err := m.Load(t.Context(), s.ID().Secret())
	is.True(err != nil)
	events := seen.took()
	is.Equal(len(events), 3)
	for _, e := range events {
		is.Equal(e.Application, "shop")
	}
	is.Equal(events[2].Kind, event.EndedID)
}

// RevokeFederated ends sessions by the identity provider's session, as completely as RevokeAll.
// Renew keeps Federated, also with encryption.
func TestRevokeFederated(t *testing.T) {
	for _, encrypted := range []bool{false, true} {
		is := is.New(t)
		cfg := &sessions.Config[cart]{}
		if encrypted {
			cfg.AEAD = newGCM(t)
		}
		w := newWorld(t, cfg)
		login := func(federated, subject string) *sessions.Session[cart] {
			s := w.Create()
			s.Federated = federated
			is.NoErr(w.Authenticate(t.Context(), s, subject))
			return s
		}
		const sid = "https://id.example 08a5019c-17e1-4977-8f42-65a12843ea02"
		a, b, other, none := login(sid, "ada"), login(sid, "bob"), login(sid+"x", "ada"), login("", "ada")
		for range 30 {
			login(sid, "ada") // these fill pages
		}
		is.NoErr(w.Renew(t.Context(), a))
		got, err := w.other.Load(t.Context(), a.ID().Secret())
		is.NoErr(err)
		is.Equal(got.Federated, sid)
		got.Data.Count++
		is.NoErr(w.other.Save(t.Context(), got))
		n, err := w.other.RevokeFederated(t.Context(), sid)
		is.NoErr(err)
		is.Equal(n, 32)
		is.True(!w.alive(t, a) && !w.alive(t, b) && w.alive(t, other) && w.alive(t, none))
		n, err = w.other.RevokeFederated(t.Context(), sid)
		is.NoErr(err)
		is.Equal(n, 0)
		is.Equal(len(w.handles(t, "ada")), 2) // and they have left the subject's list
		is.Equal(len(w.handles(t, "bob")), 0)

		// A login as another user, without the provider, isn't part of the provider's session.
		c := login(sid, "ada")
		c.Federated = ""
		is.NoErr(w.Authenticate(t.Context(), c, "carol"))
		n, err = w.other.RevokeFederated(t.Context(), sid)
		is.NoErr(err)
		is.Equal(n, 0)
		is.True(w.alive(t, c))
	}
}

// A concurrent login from the provider's session fails because of its logout.
func TestRevokeFederated_BeatsALoginUnderWay(t *testing.T) {
	for n := 2; ; n++ {
		is := is.New(t)
		w := newWorld(t, nil)
		s := w.Create()
		s.Federated = "idp 1"
		came := w.at(n, true, func() {
			_, err := w.other.RevokeFederated(t.Context(), "idp 1")
			is.NoErr(err)
		})
		err := w.Authenticate(t.Context(), s, "user")
		w.store.Off()
		if !*came {
			is.True(n > 3)
			return
		}
		if err == nil {
			is.True(!w.alive(t, s))
		} else {
			wants.Err(t, err, sessions.ErrRevoked)
		}
		is.Equal(w.mem.Len(), 0)
	}
}

func TestFederated_IsChecked(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	long := make([]byte, 1025)
	for i := range long {
		long[i] = 'x'
	}
	for _, bad := range []string{string(long), "\xff"} {
		s := w.Create()
		s.Federated = bad
		wants.Text(t, w.Authenticate(t.Context(), s, "user"), "Session.Federated")
	}
	for _, bad := range []string{"", string(long), "\xff"} {
		_, err := w.RevokeFederated(t.Context(), bad)
		wants.Text(t, err, "invalid federated session")
	}
	is.Equal(w.mem.Len(), 0)
}

// entries returns how many sessions are in the lists that do reads.
func (w world) entries(t *testing.T, do func()) (n int) {
	t.Helper()
	seen := map[string]int{}
	w.store.On("LoadRosters", func(c *cued.Call) error {
		err := c.Do()
		for _, r := range c.Rosters {
			if _, again := seen[r.Key]; !again {
				seen[r.Key] = len(r.Entries)
			}
		}
		return err
	})
	do()
	w.store.Off()
	for _, entries := range seen {
		n += entries
	}
	return n
}

// Sessions that a revocation of one list ends also leave the other list, and a login that fails
// halfway leaves the lists that it has entered.
func TestLists_WhatHasEndedLeavesBoth(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	lists := func() int {
		return w.entries(t, func() {
			_, err := w.Sessions(t.Context(), "user")
			is.NoErr(err)
			_, err = w.RevokeFederated(t.Context(), "idp 1")
			is.NoErr(err)
		})
	}
	login := func() error {
		s := w.Create()
		s.Federated = "idp 1"
		return w.Authenticate(t.Context(), s, "user")
	}
	is.NoErr(login())
	is.NoErr(login())
	is.Equal(lists(), 2+2)
	is.Equal(lists(), 0) // by the provider's logout; they have left the subject's list
	is.NoErr(login())
	_, err := w.RevokeAll(t.Context(), "user")
	is.NoErr(err)
	is.Equal(lists(), 0)

	n := 0
	w.store.On("ChangeRoster", func(c *cued.Call) error {
		if n++; n == 2 {
			return sessions.ErrUnavailable // for the provider's list
		}
		return c.Do()
	})
	wants.Err(t, login(), sessions.ErrUnavailable)
	w.store.Off()
	is.Equal(lists(), 0)
}

// Only its own application learns that an ID was renewed.
func TestApplication_NoneLearnsOfAnothersRenewals(t *testing.T) {
	is := is.New(t)
	w, shop, admin, before := shops(t, sessions.Config[cart]{})
	of := loginTo(t, shop, "7")
	first := of.ID().Secret()
	is.NoErr(shop.Renew(t.Context(), of))
	second := of.ID().Secret()
	handle := of.Handle()
	is.NoErr(shop.Authenticate(t.Context(), of, "7"))
	check := func() {
		t.Helper()
		for _, id := range []string{first, second} {
			for _, m := range []*sessions.Manager[cart]{admin, before} {
				_, load := m.Load(t.Context(), id)
				_, peek := m.Peek(t.Context(), id)
				_, update := m.Update(t.Context(), id, func(*cart) error { return nil })
				_, follow := m.Follow(t.Context(), id)
				for _, err := range []error{load, peek, update, m.Revoke(t.Context(), "7", handle)} {
					wants.Err(t, err, sessions.ErrNotFound)
					wants.NotErr(t, err, sessions.ErrRenewed)
				}
				wants.Err(t, follow, sessions.ErrNotFound)
			}
			_, err := shop.Load(t.Context(), id)
			wants.Err(t, err, sessions.ErrRenewed)
		}
	}
	check()
	// Nothing is left that shows whose it was.
	is.NoErr(shop.Destroy(t.Context(), of))
	_, err := admin.Load(t.Context(), first)
	wants.NotErr(t, err, sessions.ErrRenewed)

	common := loginTo(t, before, "8") // a session without an application belongs to all
	id := common.ID().Secret()
	is.NoErr(w.Renew(t.Context(), common))
	for _, m := range []*sessions.Manager[cart]{shop, admin, before} {
		_, err := m.Load(t.Context(), id)
		wants.Err(t, err, sessions.ErrRenewed)
	}
}

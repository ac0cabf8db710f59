package sessions_test

import (
	"context"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/internal/cued"
	"github.com/dynasession/dynasession/sessions/memstore"
)

// start is the tests' first time. It isn't a whole second, so that rounding shows.
var start = time.Date(2026, 3, 1, 9, 0, 0, 123456000, time.UTC)

type ctx = context.Context

// cart is the session data of the tests.
type cart struct {
	Items []string `json:"items"`
	Count int      `json:"count"`
}

// world is a Manager with its store and clock, which a test controls, and a second Manager on the
// same store.
type world struct {
	*sessions.Manager[cart]
	other *sessions.Manager[cart]
	store *cued.Store // the first Manager's
	mem   *memstore.Store
	clock *clock.Fake
}

func newWorld(t testing.TB, cfg *sessions.Config[cart]) world {
	t.Helper()
	is := is.New(t)
	c := clock.NewFake(start)
	mem := memstore.New(&memstore.Config{Clock: c})
	store := cued.New(mem)
	m, err := sessions.New(store, cfg)
	is.NoErr(err)
	other, err := sessions.New(mem, cfg)
	is.NoErr(err)
	return world{Manager: m, other: other, store: store, mem: mem, clock: c}
}

// with returns a Manager with another Config on the same store.
func (w world) with(t testing.TB, cfg sessions.Config[cart]) *sessions.Manager[cart] {
	t.Helper()
	m, err := sessions.New(w.store, &cfg)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// saved stores a session with data and returns it.
func (w world) saved(t testing.TB, data cart) *sessions.Session[cart] {
	t.Helper()
	s, err := w.CreateAndSave(t.Context(), data)
	if err != nil {
		t.Fatalf("create and save: %v", err)
	}
	w.store.Took()
	return s
}

// login returns a session that subject has signed in to.
func (w world) login(t testing.TB, subject string) *sessions.Session[cart] {
	t.Helper()
	s := w.Create()
	if err := w.Authenticate(t.Context(), s, subject); err != nil {
		t.Fatalf("authenticate: %v", err)
	}
	w.store.Took()
	return s
}

// handles returns the handles of the subject's sessions.
func (w world) handles(t testing.TB, subject string) []string {
	t.Helper()
	infos, err := w.other.Sessions(t.Context(), subject)
	if err != nil {
		t.Fatal(err)
	}
	var handles []string
	for _, i := range infos {
		handles = append(handles, i.Handle)
	}
	return handles
}

// alive reports whether the session is alive for the other Manager.
func (w world) alive(t testing.TB, s *sessions.Session[cart]) bool {
	t.Helper()
	return w.isAlive(t, s.ID().Secret())
}

func (w world) isAlive(t testing.TB, id string) bool {
	t.Helper()
	_, err := w.other.Load(t.Context(), id)
	return err == nil
}

// record returns the stored record of s.
func (w world) record(t testing.TB, s *sessions.Session[cart]) driver.Record {
	t.Helper()
	rec, err := w.mem.Load(t.Context(), s.Handle())
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// change adds to the count of a session, like another request.
func (w world) change(t testing.TB, s *sessions.Session[cart], by int) {
	t.Helper()
	_, err := w.other.Update(t.Context(), s.ID().Secret(), func(c *cart) error { c.Count += by; return nil })
	if err != nil {
		t.Fatalf("update: %v", err)
	}
}

package regions_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/integration/regions"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/regional"
)

// cart is the session data.
type cart struct{ Apples, Pears int }

// setup is a way to run a service in two Regions.
type setup int

const (
	one    setup = iota // a table in eu only, used by hosts in both Regions
	both                // a global table; each host uses its Region's replica
	home                // a global table; all hosts use the home's replica
	strong              // a global table with multi-Region strong consistency
)

var setups = []setup{one, both, home, strong}

func (s setup) String() string {
	return [...]string{"one Region", "written in both", "a home", "strongly consistent"}[s]
}

// scene is a service with one host in eu and one in us.
type scene struct {
	*is.I
	t      *testing.T
	ctx    context.Context
	setup  setup
	world  *regions.World
	eu, us *sessions.Manager[cart]
	homes  []*regional.Store // with setup home: the stores of the hosts in eu and us
}

func newScene(t *testing.T, as setup, limit int) *scene {
	t.Helper()
	tables := []string{"eu", "us"}
	if as == one {
		tables = tables[:1]
	}
	x := &scene{
		I: is.New(t), t: t, ctx: t.Context(), setup: as,
		world: regions.NewWorld(clock.NewFake(time.Unix(1_800_000_000, 0)), tables...),
	}
	x.world.Strong = as == strong
	x.eu, x.us = x.manager("eu", limit), x.manager("us", limit)
	return x
}

// manager returns the Manager of a host in a Region.
func (x *scene) manager(region string, limit int) *sessions.Manager[cart] {
	x.t.Helper()
	store := x.world.Store(region, region)
	switch x.setup {
	case one:
		store = x.world.Store(region, "eu")
	case home:
		h, err := regional.New(map[string]driver.Store{"eu": x.world.Store(region, "eu"), "us": x.world.Store(region, "us")},
			&regional.Config{Home: "eu", Logger: slog.New(slog.DiscardHandler)})
		x.NoErr(err)
		x.homes = append(x.homes, h)
		store = h
	}
	m, err := sessions.New(store, &sessions.Config[cart]{
		IdleTimeout: time.Hour, RevocationCheck: time.Second, SubjectLimit: sessions.SubjectLimit{Max: limit},
	})
	x.NoErr(err)
	return m
}

// login signs a user in and returns the session's ID.
func (x *scene) login(m *sessions.Manager[cart], user string) string {
	x.t.Helper()
	s := m.Create()
	x.NoErr(m.Authenticate(x.ctx, s, user))
	return s.ID().Secret()
}

// settle replicates everything that can be replicated.
func (x *scene) settle() { x.world.Replicate() }

// load returns a session that must exist.
func (x *scene) load(m *sessions.Manager[cart], id string) *sessions.Session[cart] {
	x.t.Helper()
	s, err := m.Load(x.ctx, id)
	x.NoErr(err)
	return s
}

// lives reports whether an ID is signed in at a host.
func (x *scene) lives(m *sessions.Manager[cart], id string) bool {
	x.t.Helper()
	_, err := m.Load(x.ctx, id)
	if err != nil && !errors.Is(err, sessions.ErrNotFound) {
		x.NoErr(err)
	}
	return err == nil
}

// isDead reports whether none of the IDs is signed in at any host.
func (x *scene) isDead(ids ...string) bool {
	x.t.Helper()
	for _, id := range ids {
		if x.lives(x.eu, id) || x.lives(x.us, id) {
			return false
		}
	}
	return true
}

// losesEU makes eu fail before it has replicated everything. Then users go to the host in us, and
// us becomes the home.
func (x *scene) losesEU() {
	x.t.Helper()
	x.world.Fail("eu", true)
	x.moveHome("us")
	x.world.Clock.Advance(2 * time.Second)
}

// euIsBack brings eu back, including what it had not replicated.
func (x *scene) euIsBack() {
	x.world.Fail("eu", false)
	x.settle()
	x.world.Clock.Advance(2 * time.Second)
}

func (x *scene) moveHome(region string) {
	x.t.Helper()
	for _, h := range x.homes {
		x.NoErr(h.SetHome(region))
	}
}

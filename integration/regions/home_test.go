package regions_test

import (
	"testing"
	"time"

	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
)

// The home is moved while both Regions work: no home, replicate, new home. Nothing is lost.
func TestHome_MovedAsPlannedLosesNothing(t *testing.T) {
	x := newScene(t, home, 0)
	a, b, out := x.login(x.eu, "alice"), x.login(x.us, "alice"), x.login(x.eu, "alice")
	s := x.load(x.us, a)
	s.Data.Apples = 1
	x.NoErr(x.us.Save(x.ctx, s))
	x.NoErr(x.eu.DestroyID(x.ctx, out))

	x.moveHome("")
	_, err := x.us.Load(x.ctx, a)
	wants.Err(t, err, sessions.ErrUnavailable) // ErrNotFound would sign the user out
	wants.NotErr(t, err, sessions.ErrNotFound)
	wants.Err(t, x.eu.Authenticate(x.ctx, x.eu.Create(), "alice"), sessions.ErrUnavailable)

	x.settle()
	x.moveHome("us")
	x.Equal(x.load(x.eu, a).Data.Apples, 1)
	x.True(x.lives(x.eu, b))
	x.True(x.isDead(out))
	infos, err := x.eu.Sessions(x.ctx, "alice")
	x.NoErr(err)
	x.Equal(len(infos), 2)
	n, err := x.eu.RevokeAll(x.ctx, "alice")
	x.NoErr(err)
	x.Equal(n, 2)

	x.settle()
	x.moveHome("eu") // and back again
	x.True(x.isDead(a, b, out))
}

// Processes may disagree about the home until all have heard of a change. Logouts and renewals hold
// even then, since their markers are written in every Region and are final. Saves, and calls that
// use lists, are reliable only once all processes agree.
func TestHome_ALogoutHoldsWhileProcessesDiffer(t *testing.T) {
	for name, end := range map[string]func(*scene, string) (alive string){
		"logout": func(x *scene, id string) string { x.NoErr(x.us.DestroyID(x.ctx, id)); return "" },
		"renewal": func(x *scene, id string) string {
			s := x.load(x.us, id)
			x.NoErr(x.us.Renew(x.ctx, s))
			return s.ID().Secret()
		},
		"revocation": func(x *scene, id string) string {
			_, err := x.us.RevokeAll(x.ctx, "alice")
			x.NoErr(err)
			return ""
		},
	} {
		for _, before := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				x := newScene(t, home, 0)
				id := x.login(x.eu, "alice")
				x.settle()
				x.NoErr(x.homes[1].SetHome("us")) // the host in eu still has home eu
				x.world.Clock.Advance(10 * time.Minute)
				s := x.load(x.eu, id) // records the access in eu
				s.Data.Apples++
				if before {
					x.NoErr(x.eu.Save(x.ctx, s))
				}
				alive := end(x, id)
				if !before {
					wants.Err(t, x.eu.Save(x.ctx, s), sessions.ErrNotFound)
				}
				x.True(x.isDead(id))
				x.settle()
				x.True(x.isDead(id))
				if alive != "" {
					x.True(x.lives(x.us, alive))
					x.True(x.lives(x.eu, alive))
				}
			})
		}
	}
}

// A host in a Region that is cut off can't tell who is signed in, so it returns an error. Its users
// are sent to the other Region, where they are still signed in.
func TestHome_AHostThatIsCutOffSignsNobodyOut(t *testing.T) {
	x := newScene(t, home, 0)
	id := x.login(x.us, "alice")
	x.world.Cut("us", true)
	_, err := x.us.Load(x.ctx, id)
	wants.Err(t, err, sessions.ErrUnavailable)
	x.True(x.lives(x.eu, id))
	x.NoErr(x.eu.DestroyID(x.ctx, id)) // though the marker can't be copied
	x.True(!x.lives(x.eu, id))
	x.world.Cut("us", false)
	x.settle()
	x.True(x.isDead(id))
}

// A marker can't be copied to a Region that is cut off. If the home fails then, logouts made since
// are undone until it is back.
func TestHome_WhatWasEndedWhileTheOtherRegionWasCutOffIsUnknownThere(t *testing.T) {
	x := newScene(t, home, 0)
	id := x.login(x.eu, "alice")
	x.settle()
	x.world.Cut("us", true)
	x.NoErr(x.eu.DestroyID(x.ctx, id))
	x.world.Cut("us", false)
	x.losesEU()
	x.True(x.lives(x.us, id)) // docs/regions.md recommends RevokeBefore
	x.NoErr(x.us.RevokeBefore(x.ctx, x.world.Clock.Now()))
	x.world.Clock.Advance(2 * time.Second)
	x.True(!x.lives(x.us, id))
}

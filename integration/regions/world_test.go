package regions_test

import (
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/integration/regions"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/regional"
	"github.com/dynasession/dynasession/sessions/storetest"
)

func TestWorld_EachRegionKeepsTheContract(t *testing.T) {
	storetest.Run(t, func(*testing.T) driver.Store {
		return regions.NewWorld(clock.NewFake(time.Now()), "eu", "us").Store("us", "eu")
	})
}

func TestHome_KeepsTheContractAcrossRegions(t *testing.T) {
	storetest.Run(t, func(t *testing.T) driver.Store {
		w := regions.NewWorld(clock.NewFake(time.Now()), "eu", "us")
		store, err := regional.New(map[string]driver.Store{"eu": w.Store("us", "eu"), "us": w.Store("us", "us")}, &regional.Config{Home: "eu"})
		is.New(t).NoErr(err)
		return store
	})
}

func TestWorld_TheLaterWriteOfAnItemStays(t *testing.T) {
	is, ctx := is.New(t), t.Context()
	w := regions.NewWorld(clock.NewFake(time.Unix(1_800_000_000, 0)), "eu", "us")
	eu, us := w.Store("eu", "eu"), w.Store("us", "us")
	rec := func(rev string) driver.Record {
		return driver.Record{Key: "k", Rev: rev, Created: w.Clock.Now(), Accessed: w.Clock.Now(), IdleTimeout: time.Hour, AbsoluteTimeout: time.Hour}
	}
	is.NoErr(eu.Create(ctx, rec("1")))
	_, err := us.Load(ctx, "k")
	is.Equal(err, driver.ErrNotFound) // not replicated yet
	is.Equal(w.Replicate(), 1)
	is.NoErr(eu.Replace(ctx, rec("eu"), "1"))
	is.NoErr(us.Replace(ctx, rec("us"), "1"))
	w.Replicate()
	for _, s := range []driver.Store{eu, us} {
		got, err := s.Load(ctx, "k")
		is.NoErr(err)
		is.Equal(got.Rev, "us")
	}

	w.Cut("us", true)
	is.NoErr(eu.Replace(ctx, rec("later"), "us"))
	is.Equal(w.Replicate(), 0) // the Region is cut off
	_, err = w.Store("us", "eu").Load(ctx, "k")
	is.Equal(err.Error(), "session store unavailable: eu can't be reached from us")
	w.Cut("us", false)
	is.Equal(w.Replicate(), 1)
	got, err := us.Load(ctx, "k")
	is.NoErr(err)
	is.Equal(got.Rev, "later")

	w.Clock.Advance(time.Hour)
	is.Equal(w.Expire("eu"), 1)
	is.Equal(w.Len("us"), 1)
	w.Replicate() // replicates the deletion
	is.Equal(w.Len("us"), 0)
}

func TestWorld_StrongHasOneTruthAndNoTTL(t *testing.T) {
	is, ctx := is.New(t), t.Context()
	w := regions.NewWorld(clock.NewFake(time.Unix(1_800_000_000, 0)), "eu", "us")
	w.Strong = true
	is.NoErr(w.Store("eu", "eu").Create(ctx, driver.Record{Key: "k", Rev: "1"}))
	_, err := w.Store("us", "us").Load(ctx, "k")
	is.NoErr(err)
	is.Equal(w.Replicate(), 0)
	is.Equal(w.Expire("eu"), 0)
}

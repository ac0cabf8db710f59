package regional_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/memstore"
	"github.com/dynasession/dynasession/sessions/regional"
	"github.com/dynasession/dynasession/sessions/storetest"
)

func TestStore_KeepsTheContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T) driver.Store {
		store, err := regional.New(map[string]driver.Store{"eu": memstore.New(nil), "us": memstore.New(nil)}, &regional.Config{Home: "us"})
		is.New(t).NoErr(err)
		return store
	})
}

var start = time.Unix(1_800_000_000, 0).UTC()

func record(key string) driver.Record {
	return driver.Record{Key: key, Rev: "1", Payload: codec.Opaque("json", []byte("1")), Created: start, Accessed: start, IdleTimeout: time.Hour, AbsoluteTimeout: time.Hour}
}

func marker(why driver.Reason) driver.Marker {
	return driver.Marker{Why: why, Rev: "m", At: start, Until: start.Add(time.Hour)}
}

// pair is a Store over two stores that don't replicate.
type pair struct {
	*regional.Store
	eu, us *memstore.Store
	log    *bytes.Buffer
}

func newPair(t *testing.T, wrap func(driver.Store) driver.Store) pair {
	t.Helper()
	c := &memstore.Config{Clock: clock.NewFake(start)}
	p := pair{eu: memstore.New(c), us: memstore.New(c), log: &bytes.Buffer{}}
	us := driver.Store(p.us)
	if wrap != nil {
		us = wrap(us)
	}
	var err error
	p.Store, err = regional.New(map[string]driver.Store{"eu": p.eu, "us": us},
		&regional.Config{Home: "eu", Logger: slog.New(slog.NewTextHandler(p.log, nil))})
	is.New(t).NoErr(err)
	return p
}

func TestStore_AsksTheHome(t *testing.T) {
	is, ctx := is.New(t), t.Context()
	p := newPair(t, nil)
	is.Equal(p.Home(), "eu")
	is.NoErr(p.Create(ctx, record("a")))
	_, err := p.us.Load(ctx, "a")
	wants.Err(t, err, driver.ErrNotFound)

	is.NoErr(p.SetHome("us"))
	is.Equal(p.Home(), "us")
	_, err = p.Load(ctx, "a")
	wants.Err(t, err, driver.ErrNotFound)
	is.NoErr(p.Create(ctx, record("b")))
	_, err = p.us.Load(ctx, "b")
	is.NoErr(err)
}

func TestStore_WithoutAHomeRefusesEveryCall(t *testing.T) {
	is, ctx := is.New(t), t.Context()
	p := newPair(t, nil)
	is.NoErr(p.Create(ctx, record("a")))
	is.NoErr(p.SetHome(""))
	for name, call := range map[string]func() error{
		"Create":      func() error { return p.Create(ctx, record("b")) },
		"Load":        func() error { _, err := p.Load(ctx, "a"); return err },
		"LoadAll":     func() error { _, err := p.LoadAll(ctx, []string{"a"}); return err },
		"Replace":     func() error { return p.Replace(ctx, record("a"), "1") },
		"Touch":       func() error { return p.Touch(ctx, "a", start, start) },
		"Bind":        func() error { return p.Bind(ctx, "a", []byte("b"), nil) },
		"End":         func() error { _, err := p.End(ctx, driver.End{Key: "a", Marker: marker(driver.Revoked)}); return err },
		"LoadRosters": func() error { _, err := p.LoadRosters(ctx, "subject:a"); return err },
		"ChangeRoster": func() error {
			_, err := p.ChangeRoster(ctx, driver.RosterChange{Key: "subject:a", Rev: "r"})
			return err
		},
	} {
		err := call()
		if !errors.Is(err, driver.ErrUnavailable) || errors.Is(err, driver.ErrOutcomeUnknown) || errors.Is(err, driver.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	is.Equal(p.Clock().Now(), start)
	is.NoErr(p.SetHome("eu"))
	_, err := p.Load(ctx, "a")
	is.NoErr(err)
}

func TestStore_AMarkerIsInEveryRegion(t *testing.T) {
	is, ctx := is.New(t), t.Context()
	p := newPair(t, nil)
	is.NoErr(p.Create(ctx, record("a")))
	was, err := p.End(ctx, driver.End{Key: "a", Marker: marker(driver.Destroyed)})
	is.NoErr(err)
	is.Equal(was.Rev, "1")
	var ended *driver.EndedError
	_, err = p.us.Load(ctx, "a")
	is.True(errors.As(err, &ended))
	is.Equal(ended.Marker, marker(driver.Destroyed))
	is.Equal(p.log.String(), "")
}

func TestStore_WhatHasNotEndedInTheHomeIsNotCopied(t *testing.T) {
	is, ctx := is.New(t), t.Context()
	p := newPair(t, nil)
	is.NoErr(p.Create(ctx, record("a")))
	_, err := p.End(ctx, driver.End{Key: "a", Marker: marker(driver.Renewed), If: &driver.State{Rev: "another"}})
	wants.Err(t, err, driver.ErrConflict)
	_, err = p.us.Load(ctx, "a")
	wants.Err(t, err, driver.ErrNotFound)
	wants.NotErr(t, err, driver.ErrEnded)
}

// Otherwise a login that prunes its list would wait for another Region for each session that has
// idled out.
func TestStore_WhatNobodyHoldsIsNotCopied(t *testing.T) {
	is, ctx := is.New(t), t.Context()
	p := newPair(t, nil)
	is.NoErr(p.Create(ctx, record("a")))
	_, err := p.End(ctx, driver.End{Key: "a", Marker: marker(driver.Abandoned)})
	is.NoErr(err)
	_, err = p.End(ctx, driver.End{Key: "a", Marker: driver.Marker{Why: driver.Revoked, Rev: "later", Until: start}})
	wants.Err(t, err, driver.ErrEnded)
	_, err = p.us.Load(ctx, "a")
	wants.Err(t, err, driver.ErrNotFound)
	wants.NotErr(t, err, driver.ErrEnded)
}

// On a table that Python reads, a session that ends is deleted and leaves no marker.
func TestStore_ADeletionIsInEveryRegion(t *testing.T) {
	is, ctx := is.New(t), t.Context()
	p := newPair(t, nil)
	is.NoErr(p.Create(ctx, record("a")))
	is.NoErr(p.us.Create(ctx, record("a"))) // as replication would
	_, err := p.End(ctx, driver.End{Key: "a"})
	is.NoErr(err)
	is.Equal(p.us.Len(), 0)
	is.Equal(p.log.String(), "")
}

// broken is a store whose End fails while the field is is set.
type broken struct {
	driver.Store
	is bool
}

func (b *broken) End(ctx context.Context, e driver.End) (driver.Record, error) {
	if b.is {
		return driver.Record{}, driver.ErrUnavailable
	}
	return b.Store.End(ctx, e)
}

func TestStore_ACopyThatFailsIsLoggedAndMadeByTheNextEnd(t *testing.T) {
	is, ctx := is.New(t), t.Context()
	us := &broken{is: true}
	p := newPair(t, func(s driver.Store) driver.Store { us.Store = s; return us })
	is.NoErr(p.Create(ctx, record("a-k3y")))
	_, err := p.End(ctx, driver.End{Key: "a-k3y", Marker: marker(driver.Destroyed)})
	is.NoErr(err)
	is.True(strings.Contains(p.log.String(), "level=WARN"))
	is.True(strings.Contains(p.log.String(), "region=us"))
	is.True(!strings.Contains(p.log.String(), "k3y"))

	us.is = false
	again := marker(driver.Revoked)
	again.Rev = "later"
	_, err = p.End(ctx, driver.End{Key: "a-k3y", Marker: again})
	wants.Err(t, err, driver.ErrEnded)
	var ended *driver.EndedError
	_, err = p.us.Load(ctx, "a-k3y")
	is.True(errors.As(err, &ended))
	is.Equal(ended.Marker, marker(driver.Destroyed)) // the home's
}

// deaf never answers an End, as a Region whose connections go nowhere.
type deaf struct{ driver.Store }

func (deaf) End(ctx context.Context, _ driver.End) (driver.Record, error) {
	<-ctx.Done()
	return driver.Record{}, driver.ErrUnavailable
}

func TestStore_ACopyIsBounded(t *testing.T) {
	is, ctx := is.New(t), t.Context()
	eu := memstore.New(nil)
	p, err := regional.New(map[string]driver.Store{"eu": eu, "us": deaf{eu}}, &regional.Config{
		Home: "eu", CopyTimeout: 10 * time.Millisecond, Logger: slog.New(slog.DiscardHandler),
	})
	is.NoErr(err)
	is.NoErr(p.Create(ctx, record("a")))
	_, err = p.End(ctx, driver.End{Key: "a", Marker: marker(driver.Destroyed)})
	is.NoErr(err)
}

// slow answers a Load when a test lets it.
type slow struct {
	driver.Store
	asked, answer chan struct{}
}

func (s *slow) Load(ctx context.Context, key string) (driver.Record, error) {
	close(s.asked)
	<-s.answer
	return s.Store.Load(ctx, key)
}

func TestStore_SetHomeWaitsForCallsUnderWay(t *testing.T) {
	is, ctx := is.New(t), t.Context()
	us := &slow{asked: make(chan struct{}), answer: make(chan struct{})}
	p := newPair(t, func(s driver.Store) driver.Store { us.Store = s; return us })
	is.NoErr(p.SetHome("us"))
	loaded, moved := make(chan error, 1), make(chan error, 1)
	go func() { _, err := p.Load(ctx, "a"); loaded <- err }()
	<-us.asked
	go func() { moved <- p.SetHome("eu") }()
	for p.Home() != "eu" { // SetHome takes effect at once
		select {
		case <-moved:
			t.Fatal("a call is under way in the former home")
		default:
		}
	}
	_, err := p.Load(ctx, "a") // and the new home serves while the old call goes on
	wants.Err(t, err, driver.ErrNotFound)
	select {
	case <-moved:
		t.Fatal("a call is under way in the former home")
	default:
	}
	close(us.answer)
	wants.Err(t, <-loaded, driver.ErrNotFound)
	is.NoErr(<-moved)
}

// ahead is a store whose clock corrects this host's.
type ahead struct{ driver.Store }

func (ahead) Clock() clock.Clock { return corrected{} }

type corrected struct{}

func (corrected) Now() time.Time            { return start.Add(time.Minute) }
func (corrected) Correction() time.Duration { return time.Minute }

func TestStore_TheClockIsTheHomes(t *testing.T) {
	is := is.New(t)
	p := newPair(t, func(s driver.Store) driver.Store { return ahead{s} })
	c := p.Clock().(clock.Corrected)
	is.Equal(c.Now(), start)
	is.Equal(c.Correction(), time.Duration(0))
	is.NoErr(p.SetHome("us"))
	is.Equal(c.Now(), start.Add(time.Minute))
	is.Equal(c.Correction(), time.Minute)
}

// placed is a store whose Name returns name.
type placed struct {
	driver.Store
	name string
}

func (p placed) Name() string { return p.name }

func TestStore_TheNameStaysAtAFailover(t *testing.T) {
	is := is.New(t)
	s, err := regional.New(map[string]driver.Store{"us": placed{memstore.New(nil), "two"}, "eu": placed{memstore.New(nil), "one"}}, nil)
	is.NoErr(err)
	for _, home := range []string{"", "us", "eu"} {
		is.NoErr(s.SetHome(home))
		is.Equal(s.Name(), "one")
	}
}

func TestNew_NamesTheFieldAndTheBound(t *testing.T) {
	eu := memstore.New(nil)
	for want, tc := range map[string]struct {
		stores map[string]driver.Store
		cfg    regional.Config
	}{
		"regional: New: there are no Regions: must be at least 1":               {},
		"regional: New: a Region has no name: must have one":                    {map[string]driver.Store{"": eu}, regional.Config{}},
		`regional: New: the store of Region "us" is nil`:                        {map[string]driver.Store{"eu": eu, "us": nil}, regional.Config{}},
		`regional: New: the store of Region "eu" is nil`:                        {map[string]driver.Store{"eu": (*memstore.Store)(nil)}, regional.Config{}},
		"regional: New: Config.CopyTimeout is 1ms: must be at least 10ms":       {map[string]driver.Store{"eu": eu}, regional.Config{CopyTimeout: time.Millisecond}},
		`regional: New: Config.Home is "asia": must be one of eu, us, or empty`: {map[string]driver.Store{"us": eu, "eu": eu}, regional.Config{Home: "asia"}},
	} {
		t.Run(want, func(t *testing.T) {
			is := is.New(t)
			_, err := regional.New(tc.stores, &tc.cfg)
			is.True(err != nil)
			is.Equal(err.Error(), want)
		})
	}
}

func TestSetHome_RefusesWhatIsNoRegion(t *testing.T) {
	is := is.New(t)
	p := newPair(t, nil)
	err := p.SetHome("asia")
	is.True(err != nil)
	is.Equal(err.Error(), `regional: SetHome: region is "asia": must be one of eu, us, or empty`)
	is.Equal(p.Home(), "eu")

	none, err := regional.New(map[string]driver.Store{"eu": p.eu}, nil)
	is.NoErr(err)
	is.Equal(none.Home(), "")
}

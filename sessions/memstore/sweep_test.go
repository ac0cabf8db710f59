package memstore_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/memstore"
)

func TestSweep_NeverTouchesTheLiving(t *testing.T) {
	is := is.New(t)
	s, c := filled(t, 100)
	c.Advance(time.Hour - time.Second)
	for i := range 50 {
		is.NoErr(s.Create(t.Context(), record(fmt.Sprint("later", i), c.Now())))
	}
	is.Equal(s.Len(), 150)
}

func TestSweep_IsBoundedPerWrite(t *testing.T) {
	is := is.New(t)
	s, c := filled(t, 100)
	c.Advance(time.Hour)
	write(t, s)
	is.Equal(s.Len(), 96) // one write sweeps four
}

func TestSweep_KeepsUpWithWrites(t *testing.T) {
	is := is.New(t)
	s, c := filled(t, 1000)
	c.Advance(time.Hour)
	for i := range 400 {
		is.NoErr(s.Create(t.Context(), record(fmt.Sprint("later", i), c.Now())))
	}
	is.Equal(s.Len(), 400) // all of the dead are gone, none of the living
}

func TestSweep_ANewAnswerDoesNotWaitForADeadRecord(t *testing.T) {
	is := is.New(t)
	s, c := filled(t, 1)
	c.Advance(48 * time.Hour)
	again := record("key0", c.Now())
	again.Rev = "again"
	is.NoErr(s.Replace(t.Context(), again, "rev-of-key0"))
	got, err := s.Load(t.Context(), "key0")
	is.NoErr(err)
	is.Equal(got.Created, c.Now())
}

func TestSweep_WithoutAClockGoesByWhatManagersWrite(t *testing.T) {
	is := is.New(t)
	s := memstore.New(nil)
	past := time.Now().Add(-1000 * time.Hour)
	is.NoErr(s.Create(t.Context(), record("a", past)))
	is.NoErr(s.Create(t.Context(), record("b", past.Add(30*time.Minute))))
	is.Equal(s.Len(), 2) // a Manager whose clock is in the past keeps its sessions
	is.NoErr(s.Create(t.Context(), record("c", past.Add(61*time.Minute))))
	is.Equal(s.Len(), 2) // and they are swept by its clock
	far := record("d", time.Now().Add(1000*time.Hour))
	is.NoErr(s.Create(t.Context(), far))
	// With a clock that is ahead, only what has expired by the system's clock is swept.
	is.Equal(s.Len(), 1)
}

func TestSweep_AClockThatRunsAheadDoesNotEndSessionsOfTheRest(t *testing.T) {
	is := is.New(t)
	s := memstore.New(nil)
	is.NoErr(s.Create(t.Context(), record("now", time.Now())))
	is.NoErr(s.Create(t.Context(), record("ahead", time.Now().Add(1000*time.Hour))))
	is.Equal(s.Len(), 2)
}

func TestSweep_ReachesWhatNobodyWritesTo(t *testing.T) {
	is := is.New(t)
	s, c := filled(t, 1000)
	is.NoErr(s.Create(t.Context(), record("lives", start.Add(30*time.Minute))))
	c.Advance(time.Hour)
	for i := range 250 {
		accessed := start.Add(30*time.Minute + time.Duration(i)*time.Millisecond)
		is.NoErr(s.Touch(t.Context(), "lives", accessed, accessed.Add(time.Hour)))
	}
	is.Equal(s.Len(), 1) // writes of one key are enough: each sweeps four
}

func TestSweep_ATouchedRecordIsSweptInItsTime(t *testing.T) {
	is := is.New(t)
	s, c := filled(t, 200)
	for i := range 100 {
		for minute := time.Duration(1); minute <= 20; minute++ {
			accessed := start.Add(minute * time.Minute)
			is.NoErr(s.Touch(t.Context(), fmt.Sprint("key", i), accessed, accessed.Add(time.Hour)))
		}
	}
	c.Advance(time.Hour)
	for range 50 { // each record is looked at once, however often it was touched
		write(t, s)
	}
	is.Equal(s.Len(), 100)
	c.Advance(20*time.Minute - time.Second)
	for range 50 {
		write(t, s)
	}
	is.Equal(s.Len(), 100)
	c.Advance(time.Second)
	for range 25 {
		write(t, s)
	}
	is.Equal(s.Len(), 0)
}

func TestSweep_WithoutAClockGoesByTheLatestTimeOfAll(t *testing.T) {
	is := is.New(t)
	s := memstore.New(nil)
	past := time.Now().Add(-1000 * time.Hour)
	for i := range 200 { // anywhere in the heap
		is.NoErr(s.Create(t.Context(), record(fmt.Sprint("key", i), past)))
	}
	is.NoErr(s.Create(t.Context(), record("later", past.Add(time.Hour))))
	is.Equal(s.Len(), 197)
	for range 49 {
		write(t, s)
	}
	is.Equal(s.Len(), 1)
}

func TestSweep_BySeveralAtATime(t *testing.T) {
	is := is.New(t)
	s, c := filled(t, 2000)
	c.Advance(time.Hour)
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 200 {
				is.NoErr(s.Create(t.Context(), record(fmt.Sprint("later", g, "-", i), c.Now())))
			}
		})
	}
	wg.Wait()
	is.Equal(s.Len(), 800) // all of the dead are gone, none of the living
}

func TestSweep_TakesMarkersAndRosters(t *testing.T) {
	is := is.New(t)
	s, c := filled(t, 1)
	_, err := s.End(t.Context(), driver.End{Key: "key0", Marker: marker("m", start)})
	is.NoErr(err)
	_, err = s.End(t.Context(), driver.End{Key: "never", Marker: marker("n", start)})
	is.NoErr(err)
	_, err = s.ChangeRoster(t.Context(), driver.RosterChange{Key: "subject:a", Rev: "r", Expires: start.Add(15 * time.Minute)})
	is.NoErr(err)
	ended := func(key string) bool {
		_, err := s.Load(t.Context(), key)
		return errors.Is(err, driver.ErrEnded)
	}
	roster := func() string {
		rosters, err := s.LoadRosters(t.Context(), "subject:a")
		is.NoErr(err)
		return rosters[0].Rev
	}

	c.Advance(15*time.Minute - time.Second)
	write(t, s)
	is.True(ended("key0"))
	is.True(ended("never"))
	is.Equal(roster(), "r")

	c.Advance(time.Second)
	write(t, s)
	is.True(!ended("key0"))
	is.True(!ended("never"))
	is.Equal(roster(), "")
	is.NoErr(s.Create(t.Context(), record("key0", c.Now())))
}

func TestSweep_ARecordsTimeIsNotItsMarkers(t *testing.T) {
	is := is.New(t)
	s, c := filled(t, 1)
	m := marker("m", start)
	m.Until = start.Add(2 * time.Hour)
	_, err := s.End(t.Context(), driver.End{Key: "key0", Marker: m})
	is.NoErr(err)
	c.Advance(2*time.Hour - time.Second) // the record would have been swept by now
	write(t, s)
	_, err = s.Load(t.Context(), "key0")
	wants.Err(t, err, driver.ErrEnded)
}

func TestSweep_WithoutAClockGoesByEachKindOfWrite(t *testing.T) {
	past := time.Now().Add(-1000 * time.Hour)
	later := past.Add(time.Hour)
	next := record("lives", later)
	next.Rev = "next"
	for name, call := range map[string]func(*memstore.Store) error{
		"create":  func(s *memstore.Store) error { return s.Create(t.Context(), record("another", later)) },
		"replace": func(s *memstore.Store) error { return s.Replace(t.Context(), next, "rev-of-lives") },
		"touch":   func(s *memstore.Store) error { return s.Touch(t.Context(), "lives", later, later.Add(time.Hour)) },
		"end": func(s *memstore.Store) error {
			_, err := s.End(t.Context(), driver.End{Key: "lives", Marker: marker("m", later)})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			s := memstore.New(nil)
			is.NoErr(s.Create(t.Context(), record("dies", past)))
			lives := record("lives", past)
			lives.IdleTimeout = 2 * time.Hour
			is.NoErr(s.Create(t.Context(), lives))
			is.NoErr(call(s))
			_, err := s.Load(t.Context(), "dies")
			wants.Err(t, err, driver.ErrNotFound)
		})
	}
}

func TestSweep_WhatExpiresEarlierNow(t *testing.T) {
	is := is.New(t)
	s, c := filled(t, 10)
	short := record("key7", start)
	short.Rev, short.IdleTimeout = "next", 10*time.Minute
	is.NoErr(s.Replace(t.Context(), short, "rev-of-key7"))
	c.Advance(10*time.Minute - time.Second)
	write(t, s)
	is.Equal(s.Len(), 10)
	c.Advance(time.Second)
	write(t, s)
	is.Equal(s.Len(), 9)
	_, err := s.Load(t.Context(), "key7")
	wants.Err(t, err, driver.ErrNotFound)
}

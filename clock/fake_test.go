package clock_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/clock"
)

var start = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func TestFakeStandsStillUntilMoved(t *testing.T) {
	is := is.New(t)
	c := clock.NewFake(start)
	is.Equal(c.Now(), start)
	is.Equal(c.Now(), start) // Now does not move the clock

	c.Advance(90 * time.Second)
	is.Equal(c.Now(), start.Add(90*time.Second))
	c.Advance(-time.Minute)
	is.Equal(c.Now(), start.Add(30*time.Second)) // a negative step moves it back

	c.Set(start.AddDate(-1, 0, 0))
	is.Equal(c.Now(), start.AddDate(-1, 0, 0)) // Set may move it back
}

func TestFakeZeroValueStandsAtTheZeroTime(t *testing.T) {
	is := is.New(t)
	var c clock.Fake
	is.True(c.Now().IsZero())
	c.Advance(time.Hour)
	is.Equal(c.Now(), time.Time{}.Add(time.Hour))
}

func TestFakeLosesNoStepOfConcurrentUse(t *testing.T) {
	is := is.New(t)
	c := clock.NewFake(start)
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			c.Advance(time.Second)
			_ = c.Now()
		})
	}
	wg.Wait()
	is.Equal(c.Now(), start.Add(50*time.Second)) // no concurrent step is lost
}

func ExampleFake() {
	c := clock.NewFake(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
	c.Advance(2 * time.Hour)
	fmt.Println(c.Now())
	// Output: 2026-03-01 11:00:00 +0000 UTC
}

package clock_test

import (
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/clock"
)

func TestSystemTellsTheMachinesTime(t *testing.T) {
	is := is.New(t)
	before := time.Now()
	now := clock.System().Now()
	after := time.Now()
	is.True(!now.Before(before)) // never earlier than a time read before it
	is.True(!now.After(after))   // never later than a time read after it
}

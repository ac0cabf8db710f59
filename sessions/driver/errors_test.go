package driver_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions/driver"
)

// every has all errors that a caller may test for.
var every = map[string]error{
	"ErrNotFound": driver.ErrNotFound, "ErrEnded": driver.ErrEnded, "ErrRenewed": driver.ErrRenewed, "ErrExists": driver.ErrExists,
	"ErrConflict": driver.ErrConflict, "ErrRoster": driver.ErrRoster, "ErrFull": driver.ErrFull, "ErrTooLarge": driver.ErrTooLarge,
	"ErrDecode": driver.ErrDecode, "ErrUnavailable": driver.ErrUnavailable, "ErrOutcomeUnknown": driver.ErrOutcomeUnknown,
}

func TestErrors_AreWhatTheyAreAndNothingElse(t *testing.T) {
	ended := func(why driver.Reason) error { return &driver.EndedError{Marker: driver.Marker{Why: why}} }
	for name, tc := range map[string]struct {
		err error
		are []string
	}{
		"not found":           {driver.ErrNotFound, []string{"ErrNotFound"}},
		"ended":               {driver.ErrEnded, []string{"ErrEnded", "ErrNotFound"}},
		"renewed":             {driver.ErrRenewed, []string{"ErrRenewed", "ErrEnded", "ErrNotFound"}},
		"destroyed, a marker": {ended(driver.Destroyed), []string{"ErrEnded", "ErrNotFound"}},
		"revoked, a marker":   {ended(driver.Revoked), []string{"ErrEnded", "ErrNotFound"}},
		"evicted, a marker":   {ended(driver.Evicted), []string{"ErrEnded", "ErrNotFound"}},
		"abandoned, a marker": {ended(driver.Abandoned), []string{"ErrEnded", "ErrNotFound"}},
		"unknown, a marker":   {ended("by a later version"), []string{"ErrEnded", "ErrNotFound"}},
		"renewed, a marker":   {ended(driver.Renewed), []string{"ErrRenewed", "ErrEnded", "ErrNotFound"}},
		"exists":              {driver.ErrExists, []string{"ErrExists"}},
		"conflict":            {driver.ErrConflict, []string{"ErrConflict"}},
		"roster":              {driver.ErrRoster, []string{"ErrRoster"}},
		"full":                {driver.ErrFull, []string{"ErrFull", "ErrRoster"}},
		"too large":           {driver.ErrTooLarge, []string{"ErrTooLarge"}},
		"too large, figures":  {&driver.TooLargeError{Size: 2, Limit: 1}, []string{"ErrTooLarge"}},
		"decode":              {driver.ErrDecode, []string{"ErrDecode"}},
		"unavailable":         {driver.ErrUnavailable, []string{"ErrUnavailable"}},
		"outcome unknown":     {driver.ErrOutcomeUnknown, []string{"ErrOutcomeUnknown", "ErrUnavailable"}},
	} {
		t.Run(name, func(t *testing.T) {
			are := map[string]bool{}
			for _, n := range tc.are {
				are[n] = true
			}
			for n, target := range every {
				if got := errors.Is(tc.err, target); got != are[n] {
					t.Errorf("errors.Is(%v, %s) is %t", tc.err, n, got)
				}
				if got := errors.Is(fmt.Errorf("store: %w", tc.err), target); got != are[n] {
					t.Errorf("wrapped, errors.Is(%v, %s) is %t", tc.err, n, got)
				}
			}
		})
	}
}

func TestEndedError_HasTheMarker(t *testing.T) {
	is := is.New(t)
	m := driver.Marker{Why: driver.Renewed, Next: "another-k3y", Rev: "r3v"}
	var ended *driver.EndedError
	is.True(errors.As(fmt.Errorf("store: %w", &driver.EndedError{Marker: m}), &ended))
	is.Equal(ended.Marker, m)
}

// Keys are not secret, but error texts contain neither key nor rev.
func TestEndedError_SaysWhyAndNoMore(t *testing.T) {
	is := is.New(t)
	is.Equal((&driver.EndedError{Marker: driver.Marker{Why: driver.Revoked, Rev: "r3v"}}).Error(), "session has ended (revoked)")
	is.Equal((&driver.EndedError{Marker: driver.Marker{Why: driver.Renewed, Next: "k3y"}}).Error(), "session goes on under another ID")
	is.Equal((&driver.EndedError{}).Error(), "session has ended")
}

func TestTooLargeError_NamesTheFigures(t *testing.T) {
	is := is.New(t)
	err := fmt.Errorf("store: %w", &driver.TooLargeError{Size: 410_000, Limit: 409_600})
	is.Equal(err.Error(), "store: session too large: 410000 bytes, and at most 409600 can be stored")
	var large *driver.TooLargeError
	is.True(errors.As(err, &large))
	is.Equal(large.Limit, 409_600)
}

package driver_test

import (
	"errors"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions/driver"
)

func TestErrors_AreOneAnotherAsTheirCommentsSay(t *testing.T) {
	is := is.New(t)
	parents := map[error][]error{
		driver.ErrNotFound: nil, driver.ErrExists: nil, driver.ErrConflict: nil, driver.ErrRoster: nil, driver.ErrTooLarge: nil,
		driver.ErrDecode: nil, driver.ErrUnavailable: nil,
		driver.ErrEnded:          {driver.ErrNotFound},
		driver.ErrRenewed:        {driver.ErrEnded, driver.ErrNotFound},
		driver.ErrFull:           {driver.ErrRoster},
		driver.ErrOutcomeUnknown: {driver.ErrUnavailable},
	}
	for err, are := range parents {
		for other := range parents {
			want := err == other
			for _, parent := range are {
				want = want || parent == other
			}
			is.Equal(errors.Is(err, other), want)
		}
	}
}

func TestEndedError_SaysWhy(t *testing.T) {
	is := is.New(t)
	renewed := error(&driver.EndedError{Marker: driver.Marker{Why: driver.Renewed, Next: "next-key", Rev: "r"}})
	is.True(errors.Is(renewed, driver.ErrRenewed))
	is.Equal(renewed.Error(), "session goes on under another ID")
	for _, why := range []driver.Reason{driver.Destroyed, driver.Revoked, driver.Evicted, driver.Abandoned} {
		err := error(&driver.EndedError{Marker: driver.Marker{Why: why, Rev: "r"}})
		is.True(errors.Is(err, driver.ErrEnded))
		is.True(errors.Is(err, driver.ErrNotFound))
		is.True(!errors.Is(err, driver.ErrRenewed))
		is.Equal(err.Error(), "session has ended ("+string(why)+")")
	}
}

func TestTooLargeError_SaysSizeAndLimit(t *testing.T) {
	is := is.New(t)
	err := error(&driver.TooLargeError{Size: 500000, Limit: 409600})
	is.True(errors.Is(err, driver.ErrTooLarge))
	is.Equal(err.Error(), "session too large: 500000 bytes, and at most 409600 can be stored")
}

package sessions

import (
	"errors"
	"fmt"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/event"
)

func TestKindOf_EveryError(t *testing.T) {
	is := is.New(t)
	for err, want := range map[error]event.Kind{
		ErrNotFound: event.UnknownID, ErrExpired: event.ExpiredIdle, errAbsolute: event.ExpiredAbsolute,
		ErrInvalidID: event.InvalidID, ErrRenewed: event.RenewedID, driver.ErrEnded: event.EndedID,
		ErrConflict: event.Conflict, ErrRevoked: event.Conflict, ErrTooLarge: event.TooLarge,
		ErrDecode: event.Undecodable, ErrLimit: event.LimitReached, ErrUnavailable: event.StoreFailed,
		ErrOutcomeUnknown: event.OutcomeUnknown, errTimeout: event.Failed, errors.New("else"): event.Failed,
	} {
		is.Equal(kindOf(fmt.Errorf("wrapped: %w", err)), want)
	}
}

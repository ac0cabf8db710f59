package sessions

import (
	"errors"
	"fmt"
	"testing"

	"github.com/matryer/is"
)

func TestKindOf_EveryError(t *testing.T) {
	is := is.New(t)
	for err, want := range map[error]EventKind{
		ErrNotFound: EventUnknownID, ErrExpired: EventExpiredIdle, errAbsolute: EventExpiredAbsolute, ErrInvalidID: EventInvalidID,
		ErrConflict: EventConflict, ErrRevoked: EventConflict, ErrTooLarge: EventTooLarge, ErrDecode: EventUndecodable, ErrLimit: EventLimitReached,
		ErrUnavailable: EventStoreFailed, ErrOutcomeUnknown: EventOutcomeUnknown, errTimeout: EventFailed, errors.New("else"): EventFailed,
	} {
		is.Equal(kindOf(fmt.Errorf("wrapped: %w", err)), want)
	}
}

package web_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/web"
)

func TestStatus(t *testing.T) {
	is := is.New(t)
	for err, want := range map[error]int{
		sessions.ErrUnavailable: 503, sessions.ErrOutcomeUnknown: 503, sessions.ErrConflict: 409, sessions.ErrNotFound: 409,
		sessions.ErrExpired: 409, sessions.ErrTooLarge: 500, web.ErrNoSubject: 401, web.ErrNotFresh: 401, web.ErrToken: 403,
		errors.New("else"): 500,
	} {
		is.Equal(web.Status(fmt.Errorf("wrapped: %w", err)), want)
	}
}

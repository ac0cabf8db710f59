package web_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/web"
)

func TestStatus(t *testing.T) {
	is := is.New(t)
	for err, want := range map[error]int{
		sessions.ErrUnavailable: 503, sessions.ErrOutcomeUnknown: 503, sessions.ErrConflict: 409, sessions.ErrNotFound: 409,
		sessions.ErrExpired: 409, sessions.ErrRenewed: 409, sessions.ErrLimit: 409, sessions.ErrTooLarge: 507, sessions.ErrDecode: 500,
		web.ErrNoSubject: 401, web.ErrNotFresh: 401, web.ErrToken: 403, web.ErrTwoIDs: 400, web.ErrCookieKept: 409, web.ErrSameCookie: 500,
		fmt.Errorf("%w: %w", web.ErrCookieKept, sessions.ErrDecode): 409, &http.MaxBytesError{Limit: 1}: 413,
		context.DeadlineExceeded: 503, web.ErrCommitted: 500, web.ErrBusy: 500, errors.New("else"): 500,
	} {
		is.Equal(web.Status(fmt.Errorf("wrapped: %w", err)), want)
	}
}

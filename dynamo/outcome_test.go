package dynamo_test

import (
	"testing"

	"github.com/dynasession/dynasession/sessions"
)

// How each write ends that never gets a usable answer.
func TestOutcomeOfWritesThatOnlyFail(t *testing.T) {
	for name, c := range map[string]struct {
		answers []answer
		want    error
	}{
		"connections cut":     {[]answer{cut}, sessions.ErrOutcomeUnknown},
		"500":                 {[]answer{broken500}, sessions.ErrOutcomeUnknown},
		"503 of a proxy":      {[]answer{down503}, sessions.ErrOutcomeUnknown},
		"answer cut in half":  {[]answer{halfOK}, sessions.ErrOutcomeUnknown},
		"cut, then throttled": {[]answer{cut, throttled}, sessions.ErrOutcomeUnknown},
		"never dialed":        {[]answer{noDial}, sessions.ErrUnavailable},
		"no such host":        {[]answer{noName}, sessions.ErrUnavailable},
		"throttled":           {[]answer{throttled}, sessions.ErrUnavailable},
		"in conflict":         {[]answer{conflict}, sessions.ErrUnavailable},
		"invalid":             {[]answer{invalid}, sessions.ErrUnavailable},
		"denied":              {[]answer{refusedWith(400, "AccessDeniedException", "")}, sessions.ErrUnavailable},
		"no table":            {[]answer{refusedWith(400, "ResourceNotFoundException", "")}, sessions.ErrUnavailable},
	} {
		for op, write := range writes {
			t.Run(name+" "+op, func(t *testing.T) {
				t.Parallel()
				store, w := newStore(t, c.answers...)
				check(t, write(t.Context(), store), c.want)
				if len(w.sent) > 6 {
					t.Errorf("%d attempts, want at most 6", len(w.sent))
				}
			})
		}
	}
}

package dynamo_test

import (
	"testing"

	"github.com/dynasession/dynasession/sessions/driver"
)

// The cases are writes that never get a usable response.
func TestOutcomeOfWritesThatOnlyFail(t *testing.T) {
	for name, c := range map[string]struct {
		answers []answer
		want    error
	}{
		"connections cut":     {[]answer{cut}, driver.ErrOutcomeUnknown},
		"500":                 {[]answer{broken500}, driver.ErrOutcomeUnknown},
		"503 of a proxy":      {[]answer{down503}, driver.ErrOutcomeUnknown},
		"answer cut in half":  {[]answer{halfOK}, driver.ErrOutcomeUnknown},
		"cut, then throttled": {[]answer{cut, throttled}, driver.ErrOutcomeUnknown},
		"never dialed":        {[]answer{noDial}, driver.ErrUnavailable},
		"no such host":        {[]answer{noName}, driver.ErrUnavailable},
		"no proxy":            {[]answer{noProxy}, driver.ErrUnavailable},
		"no socks":            {[]answer{noSocks}, driver.ErrUnavailable},
		"a refusing proxy":    {[]answer{proxyRefuses}, driver.ErrUnavailable},
		"a wrong certificate": {[]answer{noTrust}, driver.ErrUnavailable},
		"no TLS":              {[]answer{noTLS}, driver.ErrUnavailable},
		"throttled":           {[]answer{throttled}, driver.ErrUnavailable},
		"in conflict":         {[]answer{conflict}, driver.ErrUnavailable},
		"invalid":             {[]answer{invalid}, driver.ErrUnavailable},
		"denied":              {[]answer{refusedWith(400, "AccessDeniedException", "")}, driver.ErrUnavailable},
		"no table":            {[]answer{refusedWith(400, "ResourceNotFoundException", "")}, driver.ErrUnavailable},
	} {
		for op, write := range writes {
			t.Run(name+" "+op, func(t *testing.T) {
				t.Parallel()
				store, w := newStore(t, c.answers...)
				check(t, write(t.Context(), store), c.want)
				if len(w.sent) > 10 {
					t.Errorf("%d attempts, want at most 10", len(w.sent))
				}
			})
		}
	}
}

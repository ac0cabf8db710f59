package sessions_test

import (
	"errors"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions"
)

func TestPresets_EndSessionsAsNISTSays(t *testing.T) {
	for name, c := range map[string]struct{ idle, absolute, wantIdle, wantAbsolute time.Duration }{
		"AAL1": {sessions.AAL1IdleTimeout, sessions.AAL1AbsoluteTimeout, 720 * time.Hour, 720 * time.Hour},
		"AAL2": {sessions.AAL2IdleTimeout, sessions.AAL2AbsoluteTimeout, time.Hour, 24 * time.Hour},
		"AAL3": {sessions.AAL3IdleTimeout, sessions.AAL3AbsoluteTimeout, 15 * time.Minute, 12 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			w := newWorld(t, &sessions.Config[cart]{IdleTimeout: c.idle, AbsoluteTimeout: c.absolute})
			s := w.saved(t, cart{})
			w.clock.Advance(c.wantIdle - time.Second)
			_, err := w.Load(t.Context(), s.ID().Secret())
			is.NoErr(err)
			w.clock.Advance(c.wantIdle)
			_, err = w.Load(t.Context(), s.ID().Secret())
			is.True(errors.Is(err, sessions.ErrExpired))
			is.Equal(s.AbsoluteTimeout, c.wantAbsolute)
		})
	}
}

package sessions

import (
	"context"
	"log/slog"
)

// LogObserver returns an Observer that writes a line for each event, with the handle, the subject, the operation, its duration and its
// error, and OWASP's name of the event where there is one. Reads are at Debug; what a session goes through is at Info; what points at an
// attack or a fault that the service survives is at Warn; a store that is out of reach is at Error. So a healthy service that logs from Info
// on has a line for each login, logout and renewal, and none for a page view. A nil logger is slog.Default, as it is then.
func LogObserver(logger *slog.Logger) Observer { return logObserver{logger} }

type logObserver struct{ logger *slog.Logger }

// levels are those of the kinds that are not at Info.
var levels = map[EventKind]slog.Level{
	EventLoaded: slog.LevelDebug, EventTouched: slog.LevelDebug, EventSaved: slog.LevelDebug, EventUnchanged: slog.LevelDebug,
	EventListed: slog.LevelDebug, EventCreated: slog.LevelInfo,
	EventInvalidID: slog.LevelWarn, EventUndecodable: slog.LevelWarn, EventLimitReached: slog.LevelWarn, EventTooLarge: slog.LevelWarn,
	EventRecovered: slog.LevelWarn, EventOutcomeUnknown: slog.LevelWarn,
	EventStoreFailed: slog.LevelError, EventFailed: slog.LevelError,
}

// vocabulary are OWASP's names, from its Logging Vocabulary Cheat Sheet.
var vocabulary = map[EventKind]string{
	EventCreated: "session_created", EventRenewed: "session_renewed", EventAuthenticated: "authn_login_success",
	EventDestroyed: "session_logout", EventRevoked: "session_expired", EventExpiredIdle: "session_use_after_expire",
	EventExpiredAbsolute: "session_use_after_expire", EventUnknownID: "session_use_after_expire", EventInvalidID: "malicious_extraneous",
	EventLimitReached: "excess_sessions_exceeded",
}

func (o logObserver) Observe(ctx context.Context, e Event) {
	logger := o.logger
	if logger == nil {
		logger = slog.Default()
	}
	level := levels[e.Kind] // Info, where there is none
	if !logger.Enabled(ctx, level) {
		return
	}
	attrs := []slog.Attr{slog.String("op", e.Op)}
	add := func(name, value string) {
		if value != "" {
			attrs = append(attrs, slog.String(name, value))
		}
	}
	add("event", vocabulary[e.Kind])
	add("session", e.Handle)
	add("subject", e.Subject)
	if e.Ended > 0 {
		attrs = append(attrs, slog.Int("ended", e.Ended))
	}
	attrs = append(attrs, slog.Duration("duration", e.Duration))
	if e.Err != nil {
		add("error", e.Err.Error())
	}
	logger.LogAttrs(ctx, level, "session "+string(e.Kind), attrs...)
}

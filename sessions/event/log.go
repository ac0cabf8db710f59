package event

import (
	"context"
	"log/slog"
)

// Log returns an Observer that logs a line for each event, with the handle, the subject, the
// operation, its duration and error, and OWASP's name of the event, if any. Reads are logged at
// Debug, changes of a session at Info, signs of an attack or of a fault that was handled at Warn,
// and an unavailable store at Error. So a healthy service that logs at Info has a line for each
// login, logout and renewal, and none for a page view. If logger is nil, it uses slog.Default at
// each event.
func Log(logger *slog.Logger) Observer { return logObserver{logger} }

type logObserver struct{ logger *slog.Logger }

// levels are those of the kinds that are not at Info.
var levels = map[Kind]slog.Level{
	Loaded: slog.LevelDebug, Touched: slog.LevelDebug, Saved: slog.LevelDebug, Unchanged: slog.LevelDebug, Listed: slog.LevelDebug,
	InvalidID: slog.LevelWarn, Undecodable: slog.LevelWarn, LimitReached: slog.LevelWarn, TooLarge: slog.LevelWarn,
	Recovered: slog.LevelWarn, OutcomeUnknown: slog.LevelWarn, NotBound: slog.LevelWarn, ClockSkewed: slog.LevelWarn,
	ConnectionDied: slog.LevelWarn,
	StoreFailed:    slog.LevelError, Failed: slog.LevelError,
}

// vocabulary are OWASP's names, from its Logging Vocabulary Cheat Sheet.
var vocabulary = map[Kind]string{
	Created: "session_created", Renewed: "session_renewed", Authenticated: "authn_login_success",
	Destroyed: "session_logout", Revoked: "session_expired", ExpiredIdle: "session_use_after_expire",
	ExpiredAbsolute: "session_use_after_expire", UnknownID: "session_use_after_expire", RenewedID: "session_use_after_expire",
	EndedID: "session_use_after_expire", InvalidID: "malicious_extraneous", LimitReached: "excess_sessions_exceeded",
}

// advice says what to do about trouble that an operator can mend.
var advice = map[Kind]string{
	ClockSkewed:    "set this host's clock by NTP (chrony, systemd-timesyncd)",
	ConnectionDied: "nothing after a pause of this host; if it goes on, a firewall or NAT forgets idle connections too early",
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
	add("application", e.Application)
	add("reason", e.Reason)
	if e.Ended > 0 {
		attrs = append(attrs, slog.Int("ended", e.Ended))
	}
	if e.ClockSkew != 0 {
		attrs = append(attrs, slog.Duration("clock_skew", e.ClockSkew))
	}
	if e.DeadConnections > 0 {
		attrs = append(attrs, slog.Int("dead_connections", e.DeadConnections))
	}
	add("advice", advice[e.Kind])
	attrs = append(attrs, slog.Duration("duration", e.Duration))
	if e.Err != nil {
		add("error", e.Err.Error())
	}
	logger.LogAttrs(ctx, level, "session "+string(e.Kind), attrs...)
}

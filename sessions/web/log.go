package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/dynasession/dynasession/sessions"
)

func (m *Middleware[T]) logger() *slog.Logger {
	if l := m.config.Logger; l != nil {
		return l
	}
	return slog.Default()
}

// log logs an error that may not be reported otherwise: at Error if the service failed, and
// otherwise at Warn. r may be nil.
func (m *Middleware[T]) log(ctx context.Context, r *http.Request, err error) {
	m.logAbout(ctx, r, "", err)
}

func (m *Middleware[T]) logAbout(ctx context.Context, r *http.Request, handle string, err error) {
	level := slog.LevelWarn
	if Status(err) >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	attrs := aboutRequest(r)
	var about *sessions.Error
	if errors.As(err, &about) {
		handle = about.Handle
	}
	if handle != "" {
		attrs = append(attrs, slog.String("session", handle))
	}
	m.logAttrs(ctx, level, "web: session error", append(attrs, slog.String("error", err.Error())))
}

// logging marks the context of a log line, in case its handler calls this package.
type logging struct{}

func (m *Middleware[T]) logAttrs(ctx context.Context, level slog.Level, message string, attrs []slog.Attr) {
	m.logger().LogAttrs(context.WithValue(ctx, logging{}, true), level, message, attrs...)
}

// maxLogged is how many bytes of a request's path and of its method are logged.
const maxLogged = 200

// aboutRequest returns a request's attributes for a log line. Both are ASCII without control
// characters.
func aboutRequest(r *http.Request) []slog.Attr {
	if r == nil {
		return nil
	}
	return []slog.Attr{slog.String("method", printable(r.Method)), slog.String("path", printable(r.URL.EscapedPath()))}
}

// printable returns the first bytes of text, and replaces everything but printable ASCII, so that
// it can't forge a line or reverse its direction.
func printable(text string) string {
	text = text[:min(len(text), maxLogged)]
	return strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' {
			return '?'
		}
		return c
	}, text)
}

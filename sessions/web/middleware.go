package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/dynasession/dynasession/sessions"
)

// Middleware finds the session of a request, and answers with what has become of it. Make one with [New]. It is safe for concurrent
// use; several of them, with cookies of different names, may go around one handler.
type Middleware[T any] struct {
	manager *sessions.Manager[T]
	config  Config
	bound   *boundState
}

// New returns a Middleware for the sessions of m. A nil cfg means all defaults. The error names the field that is wrong.
func New[T any](m *sessions.Manager[T], cfg *Config) (*Middleware[T], error) {
	if m == nil {
		return nil, errors.New("web: New: manager is nil")
	}
	c := cfg.withDefaults()
	if err := c.validate(cfg, len(m.Create().ID().Secret())); err != nil {
		return nil, fmt.Errorf("web: New: %w", err)
	}
	return &Middleware[T]{manager: m, config: c, bound: newBoundState(c.Bound)}, nil
}

// key finds a Middleware's own visit in a context, whatever others there are.
type key[T any] struct{ middleware *Middleware[T] }

// Handler returns next with sessions.
func (m *Middleware[T]) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Context().Value(key[T]{m}) != nil {
			next.ServeHTTP(w, r) // it is around itself
			return
		}
		if m.serveBound(w, r) {
			return
		}
		v := &visit[T]{middleware: m, w: w}
		v.request = r.WithContext(context.WithValue(r.Context(), key[T]{m}, v))
		next.ServeHTTP(v, v.request)
		v.finish() // not after a panic: what it left half done is not saved
	})
}

// visit returns what the Handler has made for the request of ctx.
func (m *Middleware[T]) visit(ctx context.Context) (*visit[T], error) {
	v, ok := ctx.Value(key[T]{m}).(*visit[T])
	if !ok {
		return nil, ErrNoMiddleware
	}
	return v, nil
}

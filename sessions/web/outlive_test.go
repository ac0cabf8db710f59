package web_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/matryer/is"
)

type traceKey struct{}

// These calls complete if the client hangs up, with the request's context and with contexts derived
// from it. Their values and deadlines reach the store.
func TestTrap_AClientThatHangsUpCancelsNoCall(t *testing.T) {
	deadline := time.Now().Add(time.Hour)
	for name, derive := range map[string]func(context.Context) (context.Context, context.CancelFunc){
		"its own": func(ctx context.Context) (context.Context, context.CancelFunc) { return ctx, func() {} },
		"with a value": func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithValue(ctx, traceKey{}, "b"), func() {}
		},
		"with a deadline": func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithDeadline(ctx, deadline)
		},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			s := newSite(t, nil)
			c := s.client()
			c.login(t, "u")
			base, hangUp := context.WithCancel(context.WithValue(t.Context(), traceKey{}, "a"))
			defer hangUp()
			calls, exchanging := 0, false // once begun, a renewal goes through
			s.store.hook = func(ctx context.Context, call string) {
				calls++
				is.NoErr(ctx.Err())
				if at, limited := ctx.Deadline(); !exchanging {
					is.Equal(limited, name == "with a deadline")
					is.True(!limited || at.Equal(deadline))
				}
				is.Equal(ctx.Value(traceKey{}), map[bool]string{true: "b", false: "a"}[name == "with a value"])
			}
			r := c.request(http.MethodPost, "").WithContext(base)
			c.serve(s.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				hangUp()
				ctx, cancel := derive(r.Context())
				defer cancel()
				got, err := s.Session(ctx)
				is.NoErr(err)
				got.Data.Visits++
				is.NoErr(s.Save(ctx))
				is.NoErr(s.Update(ctx, func(v *visitor) error { v.Visits++; return nil }))
				exchanging = true
				is.NoErr(s.Renew(ctx))
				is.NoErr(s.Authenticate(ctx, "another"))
				s.store.hook = nil
			})), r)
			is.True(calls > 8)
			subject, _ := c.seen(t)
			is.Equal(subject, "another")
		})
	}
}

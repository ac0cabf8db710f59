package web_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/web"
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
				is.NoErr(context.Cause(ctx)) // which libraries ask for it too
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

// A goroutine that outlives its handler may end or save the session. The server's writer is gone
// then: HTTP/2's panics.
func TestTrap_AGoroutineThatOutlivesItsHandlerTouchesNoWriter(t *testing.T) {
	for name, call := range map[string]func(s site, ctx context.Context, got *sessions.Session[visitor]) error{
		"Destroy": func(s site, ctx context.Context, _ *sessions.Session[visitor]) error { return s.Destroy(ctx) },
		"Save": func(s site, ctx context.Context, got *sessions.Session[visitor]) error {
			got.AbsoluteTimeout -= time.Hour // its persistent cookie should end earlier
			return s.Save(ctx)
		},
		"Update": func(s site, ctx context.Context, got *sessions.Session[visitor]) error {
			got.AbsoluteTimeout -= time.Hour
			return s.Update(ctx, func(v *visitor) error { v.Visits++; return nil })
		},
	} {
		for _, how := range []struct {
			protocol string
			panics   bool
		}{{"HTTP/1.1", false}, {"HTTP/1.1", true}, {"HTTP/2.0", false}, {"HTTP/2.0", true}} {
			t.Run(fmt.Sprint(name, how), func(t *testing.T) {
				is := is.New(t)
				s := newSite(t, &web.Config{Cookie: web.Cookie{Persistent: true}})
				returned, done := make(chan struct{}), make(chan error)
				h := s.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					got := s.session(t, r)
					go func() {
						<-returned
						done <- call(s, r.Context(), got)
					}()
					if how.panics {
						panic("a bug")
					}
				}))
				server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					defer func() { is.Equal(recover() != nil, how.panics) }()
					h.ServeHTTP(w, r)
				}))
				server.EnableHTTP2 = how.protocol == "HTTP/2.0"
				server.StartTLS()
				defer server.Close()
				r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
				is.NoErr(err)
				r.AddCookie(&http.Cookie{Name: "__Host-id", Value: s.stored(t, visitor{})})
				response, err := server.Client().Do(r)
				is.NoErr(err)
				is.NoErr(response.Body.Close())
				is.Equal(response.Proto, how.protocol)
				server.Close() // the writer is gone
				close(returned)
				is.NoErr(<-done)
				is.Equal(s.store.took(), map[string]string{"Destroy": "Load End", "Save": "Load Replace", "Update": "Load Replace Load Replace"}[name])
			})
		}
	}
}

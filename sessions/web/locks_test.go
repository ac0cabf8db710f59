package web_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/event"
	"github.com/dynasession/dynasession/sessions/memstore"
	"github.com/dynasession/dynasession/sessions/web"
)

// curious is data whose methods call back.
type curious struct{ N int }

// calledBack is what they call: with the context that they are given, if any.
var calledBack atomic.Pointer[func(ctx context.Context, by string)]

// none is the context of those who are given none.
var none context.Context

func callBack(ctx context.Context, by string) {
	if f := calledBack.Load(); f != nil {
		(*f)(ctx, by)
	}
}

func (c curious) MarshalJSON() ([]byte, error) {
	callBack(none, "MarshalJSON")
	return json.Marshal(map[string]int{"n": c.N})
}

func (c *curious) UnmarshalJSON(b []byte) error {
	callBack(none, "UnmarshalJSON")
	var m map[string]int
	err := json.Unmarshal(b, &m)
	c.N = m["n"]
	return err
}

type curiousObserver struct{}

func (curiousObserver) Observe(ctx context.Context, _ event.Event) { callBack(ctx, "Observe") }

func (curiousObserver) Start(ctx context.Context, _ string) context.Context {
	callBack(ctx, "Start")
	return ctx
}

type curiousLog struct{ slog.Handler }

func (curiousLog) Enabled(context.Context, slog.Level) bool { return true }
func (curiousLog) Handle(ctx context.Context, _ slog.Record) error {
	callBack(ctx, "slog")
	return nil
}

type curiousClock struct{ clock.Clock }

func (c curiousClock) Now() time.Time {
	callBack(none, "Clock")
	return c.Clock.Now()
}

type curiousIDs struct{ sessions.IDScheme }

func (c curiousIDs) Parse(s string) (sessions.ID, error) {
	callBack(none, "IDs")
	return c.IDScheme.Parse(s)
}

type curiousAEAD struct{}

func (curiousAEAD) Encrypt(plaintext, _ []byte) ([]byte, error) {
	callBack(none, "Encrypt")
	return append([]byte("x"), plaintext...), nil
}

func (curiousAEAD) Decrypt(ciphertext, _ []byte) ([]byte, error) {
	callBack(none, "Decrypt")
	return ciphertext[1:], nil
}

type curiousWriter struct{ *httptest.ResponseRecorder }

func (w curiousWriter) Header() http.Header {
	callBack(none, "Header")
	return w.ResponseRecorder.Header()
}

func (w curiousWriter) WriteHeader(status int) {
	callBack(none, "WriteHeader")
	w.ResponseRecorder.WriteHeader(status)
}

// No call of ours deadlocks if the code that it calls asks for the session of the same request.
func TestTrap_NoLockIsHeldWhileCodeOfOthersRuns(t *testing.T) {
	is := is.New(t)
	store := &counting{Store: memstore.New(nil)}
	store.hook = func(ctx context.Context, _ string) { callBack(ctx, "store") }
	m, err := sessions.New(store, &sessions.Config[curious]{
		Observer: curiousObserver{}, Clock: curiousClock{clock.System()}, IDs: curiousIDs{sessions.RandomIDs(32)}, AEAD: curiousAEAD{},
		Merge: func(_, ours, _ curious) (curious, error) { callBack(none, "Merge"); return ours, nil },
	})
	is.NoErr(err)
	var sess *web.Middleware[curious]
	sess, err = web.New(m, &web.Config{
		Logger: slog.New(curiousLog{slog.DiscardHandler}),
		Error: func(w http.ResponseWriter, r *http.Request, err error) {
			callBack(r.Context(), "Error")
			w.WriteHeader(web.Status(err))
		},
	})
	is.NoErr(err)
	asks := map[string]func(context.Context, *http.Request){
		"Session":  func(ctx context.Context, _ *http.Request) { _, _ = sess.Session(ctx) },
		"Save":     func(ctx context.Context, _ *http.Request) { _ = sess.Save(ctx) },
		"Sessions": func(ctx context.Context, _ *http.Request) { _, _ = sess.Sessions(ctx) },
		"Update": func(ctx context.Context, _ *http.Request) {
			_ = sess.Update(ctx, func(c *curious) error { c.N++; return nil })
		},
		"Discard": func(ctx context.Context, _ *http.Request) { _ = sess.Discard(ctx) },
		"Peek":    func(ctx context.Context, _ *http.Request) { _, _ = sess.Peek(ctx) },
		"Renew":   func(ctx context.Context, _ *http.Request) { _ = sess.Renew(ctx) },
		"Token":   func(ctx context.Context, _ *http.Request) { _, _ = sess.Token(ctx) },
		"Verify":  func(_ context.Context, r *http.Request) { _ = sess.Verify(r) },
		"Destroy": func(ctx context.Context, _ *http.Request) { _ = sess.Destroy(ctx) },
		"no middleware": func(context.Context, *http.Request) {
			_, _ = sess.Session(context.Background())
		},
	}
	seen := map[string]bool{}
	for name, ask := range asks {
		for _, captured := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, with a captured context: %v", name, captured), func(t *testing.T) {
				is := is.New(t)
				begun := m.Create()
				begun.Data.N = 1
				is.NoErr(m.Authenticate(t.Context(), begun, "u"))
				id := begun.ID().Secret()
				done := make(chan struct{})
				go func() {
					defer close(done)
					for _, breaks := range []string{"", "Replace", "Load"} {
						depth := 0
						sess.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
							f := func(ctx context.Context, by string) {
								if depth > 3 {
									return // what calls itself for ever is not ours to end: Clock, say, which Session asks
								}
								depth++
								defer func() { depth-- }()
								seen[by] = true
								if captured || ctx == nil {
									ctx = r.Context()
								}
								ask(ctx, r)
							}
							calledBack.Store(&f)
							store.fails, store.on = nil, breaks
							if breaks != "" {
								store.fails = errOut
							}
							s, err := sess.Session(r.Context())
							if err != nil {
								return
							}
							s.Data.N++
							_, _ = sess.Sessions(r.Context())
							_ = sess.Save(r.Context())
							if s, err = sess.Session(r.Context()); err == nil {
								s.Data.N++
							}
							_, _ = w.Write([]byte("hello"))
							if s, err = sess.Session(r.Context()); err == nil {
								s.Data.N++ // too late
							}
						})).ServeHTTP(curiousWriter{httptest.NewRecorder()}, request(id))
						calledBack.Store(nil)
						store.fails = nil
					}
				}()
				select {
				case <-done:
				case <-time.After(20 * time.Second):
					t.Fatal("it hangs")
				}
			})
		}
	}
	for _, by := range []string{"MarshalJSON", "UnmarshalJSON", "Observe", "Start", "slog", "Clock", "IDs", "Encrypt", "Decrypt", "Header", "WriteHeader", "store", "Error"} {
		if !seen[by] {
			t.Errorf("%s was not called", by)
		}
	}
}

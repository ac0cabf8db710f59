// Package leak_test searches everything that a service may write about its sessions for secrets.
package leak_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/matryer/is"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/attribute"
	"github.com/dynasession/dynasession/codec/msgpack"
	"github.com/dynasession/dynasession/integration/engine"
	"github.com/dynasession/dynasession/integration/faults"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/event"
	"github.com/dynasession/dynasession/sessions/otelsessions"
	"github.com/dynasession/dynasession/sessions/web"
)

// secretData is the application's data; it must not appear in any log.
const secretData = "S3cretD4ta"

type private struct {
	Text   string         `json:"text"`
	Nested map[string]any `json:"nested"`
}

func data() private {
	return private{secretData + "-1", map[string]any{secretData + "-key": secretData + "-2"}}
}

// ear records everything written, and knows all IDs.
type ear struct {
	mu    sync.Mutex
	heard bytes.Buffer
	ids   map[string]bool
}

func (e *ear) Write(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.heard.Write(p)
}

// hear prints a value in every way that a log might.
func (e *ear) hear(v any) {
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		fmt.Fprintf(e, verb+"\n", v)
	}
	if b, err := json.Marshal(v); err == nil {
		_, _ = e.Write(append(b, '\n'))
	}
	slog.New(slog.NewJSONHandler(e, nil)).Info("heard", "value", v)
}

func (e *ear) know(s *sessions.Session[private]) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ids[s.ID().Secret()] = true
}

// Observe records an event.
func (e *ear) Observe(_ context.Context, event event.Event) {
	e.hear(event)
	if event.Err != nil {
		e.hear(event.Err)
	}
}

// hidden keeps the ear out of what is printed of a Manager, since the ear knows the IDs.
type hidden struct{ all func() event.StartObserver }

func (h *hidden) Start(ctx context.Context, op string) context.Context { return h.all().Start(ctx, op) }
func (h *hidden) Observe(ctx context.Context, e event.Event)           { h.all().Observe(ctx, e) }

func TestLeak_NothingThatIsWrittenHoldsAnIDOrData(t *testing.T) {
	is := is.New(t)
	e := &ear{ids: map[string]bool{}}
	before := log.Writer()
	log.SetOutput(e)
	defer log.SetOutput(before)
	spans, reader := tracetest.NewInMemoryExporter(), sdkmetric.NewManualReader()
	telemetry, err := otelsessions.New(&otelsessions.Config{
		TracerProvider: sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans)),
		MeterProvider:  sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)),
	})
	is.NoErr(err)
	debug := slog.New(slog.NewTextHandler(e, &slog.HandlerOptions{Level: slog.LevelDebug, AddSource: true}))
	all := event.Multi(e, telemetry, event.Log(debug)).(event.StartObserver)
	observers := &hidden{func() event.StartObserver { return all }}

	for _, c := range []codec.Codec[private]{codec.JSON[private]{}, msgpack.Codec[private]{}, attribute.Codec[private]{}} {
		network := faults.New(nil, 7, nil)
		now := clock.NewFake(time.Now())
		store := engine.Store(t, engine.NewTable(t), network.Client)
		m, err := sessions.New(store, &sessions.Config[private]{
			Codec: c, Clock: now, Observer: observers, SubjectLimit: sessions.SubjectLimit{Max: 2}, RevocationCheck: time.Second,
			PeekFor: time.Minute,
		})
		is.NoErr(err)
		e.hear(m)
		e.hear(store)
		remembered, err := m.CreateAndSave(t.Context(), data())
		is.NoErr(err)
		e.know(remembered)
		for range 2 {
			peeked, err := m.Peek(t.Context(), remembered.ID().Secret())
			is.NoErr(err)
			e.hear(peeked)
		}
		e.hear(m) // with a session in Peek's memory
		e.hear(*m)
		network.SetRates(faults.Rates{faults.CutBefore: 0.1, faults.CutAfter: 0.2, faults.ErrorAfter: 0.1, faults.Throttle: 0.1})
		for range 8 {
			live(t.Context(), e, m, now)
		}
		network.SetRates(faults.Rates{faults.CutAfter: 1}) // no call succeeds any more
		live(t.Context(), e, m, now)
		network.SetRates(nil)
		visit(t, e, m)
	}

	e.hear(spans.GetSpans())
	var metrics metricdata.ResourceMetrics
	is.NoErr(reader.Collect(t.Context(), &metrics))
	e.hear(metrics)
	heard := e.heard.String()
	is.True(len(heard) > 100_000) // there is something to search
	is.True(len(e.ids) > 50)
	for id := range e.ids {
		if i := strings.Index(heard, id); i >= 0 {
			t.Errorf("an ID is in what was written: …%.300q", heard[max(0, i-200):])
			break
		}
	}
	// Plain, in hex, in base64.
	for _, form := range []string{secretData, fmt.Sprintf("%x", secretData), "UzNjcmV0RDR0Y"} {
		if i := strings.Index(heard, form); i >= 0 {
			t.Errorf("data is in what was written: …%.200q", heard[max(0, i-150):])
		}
	}
}

// live puts a session through every operation, ignoring errors.
func live(ctx context.Context, e *ear, m *sessions.Manager[private], now *clock.Fake) {
	say := func(err error) {
		if err != nil {
			e.hear(err)
			e.hear(errors.Unwrap(err))
		}
	}
	s := m.Create()
	s.Data = data()
	e.know(s)
	say(m.Save(ctx, s))
	id := s.ID().Secret()
	other, err := m.Load(ctx, id)
	say(err)
	if other != nil {
		e.hear(other)
		e.hear(*other)
		e.hear(other.ID())
		e.hear([]any{other, other.ID(), map[string]any{"s": other}})
		other.Data.Text += "-changed"
		say(m.Save(ctx, other))
		s.Data.Text += "-too"
		say(m.Save(ctx, s)) // a conflict
	}
	_, err = m.Update(ctx, id, func(p *private) error { p.Text += "-updated"; return nil })
	say(err)
	if s, err = m.Load(ctx, id); err != nil {
		say(err)
		return
	}
	say(m.Renew(ctx, s))
	e.know(s)
	say(m.Authenticate(ctx, s, "user"))
	e.know(s)
	infos, err := m.Sessions(ctx, "user")
	say(err)
	e.hear(infos)
	_, err = m.Load(ctx, id)
	say(err)
	_, err = m.Load(ctx, id+"x")
	say(err)
	now.Advance(3 * time.Hour)
	_, err = m.Load(ctx, s.ID().Secret())
	say(err)
	big := m.Create()
	e.know(big)
	big.Data.Text = strings.Repeat(secretData, 50_000)
	say(m.Save(ctx, big))
	bad := m.Create()
	e.know(bad)
	bad.Data = private{secretData, map[string]any{secretData: make(chan int)}}
	say(m.Save(ctx, bad))
	bad.Data = private{Text: secretData + "\xff"}
	say(m.Save(ctx, bad))
	_, err = m.RevokeAll(ctx, "user")
	say(err)
	say(m.Destroy(ctx, s))
	say(m.DestroyID(ctx, id))
}

// visit serves requests whose handlers fail, panic or write too late.
func visit(t *testing.T, e *ear, m *sessions.Manager[private]) {
	t.Helper()
	sess, err := web.New(m, nil)
	if err != nil {
		t.Fatal(err)
	}
	serve := func(handler http.HandlerFunc, id string) {
		defer func() {
			if p := recover(); p != nil {
				e.hear(p)
			}
		}()
		r := httptest.NewRequest(http.MethodGet, "https://site.test/", nil)
		r.AddCookie(&http.Cookie{Name: "__Host-id", Value: id})
		w := httptest.NewRecorder()
		sess.Handler(handler).ServeHTTP(w, r)
		_, _ = e.Write(w.Body.Bytes()) // only the cookie may contain an ID
	}
	s, err := m.CreateAndSave(t.Context(), data())
	if err != nil {
		t.Fatal(err)
	}
	e.know(s)
	id := s.ID().Secret()
	serve(func(w http.ResponseWriter, r *http.Request) {
		s, err := sess.Session(r.Context())
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = w.Write([]byte("hello"))
		s.Data.Text += "-late"
	}, id)
	serve(func(_ http.ResponseWriter, r *http.Request) {
		s, _ := sess.Session(r.Context())
		panic(fmt.Sprintf("%v %+v %#v", s, s, s))
	}, id)
	serve(func(_ http.ResponseWriter, r *http.Request) {
		s, _ := sess.Session(r.Context())
		s.Data.Nested["c"] = make(chan int)
	}, id)
	serve(func(_ http.ResponseWriter, r *http.Request) { _, _ = sess.Session(r.Context()) }, id+"forged")
}

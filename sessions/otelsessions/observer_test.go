package otelsessions_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/matryer/is"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/memstore"
	"github.com/dynasession/dynasession/sessions/otelsessions"
)

// traced is a store that makes its own spans, as the AWS SDK does, and can fail on demand.
type traced struct {
	*memstore.Store
	tracer trace.Tracer
	fails  error
	late   int // how many hedges a read makes
	died   int // how many dead connections a read meets
}

func (s *traced) Load(ctx context.Context, key string) (driver.Record, error) {
	_, span := s.tracer.Start(ctx, "DynamoDB.GetItem")
	defer span.End()
	if s.fails != nil {
		return driver.Record{}, s.fails
	}
	for range s.late {
		driver.TraceFrom(ctx).Hedged()
	}
	driver.TraceFrom(ctx).ConnectionsDied(s.died)
	return s.Store.Load(ctx, key)
}

// scene is a Manager with an observer, and what it has recorded.
type scene struct {
	*sessions.Manager[string]
	spans  *tracetest.InMemoryExporter
	reader *sdkmetric.ManualReader
	store  *traced
	clock  *clock.Fake
}

func newScene(t *testing.T) scene {
	t.Helper()
	is := is.New(t)
	spans, reader := tracetest.NewInMemoryExporter(), sdkmetric.NewManualReader()
	tracers := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))
	o, err := otelsessions.New(&otelsessions.Config{
		TracerProvider: tracers, MeterProvider: sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)),
	})
	is.NoErr(err)
	c := clock.NewFake(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
	store := &traced{Store: memstore.New(&memstore.Config{Clock: c}), tracer: tracers.Tracer("aws")}
	m, err := sessions.New[string](store, &sessions.Config[string]{Observer: o, Clock: c})
	is.NoErr(err)
	return scene{m, spans, reader, store, c}
}

func TestSpans_HaveTheStoresBelowThem(t *testing.T) {
	is := is.New(t)
	s := newScene(t)
	made := s.Create()
	is.NoErr(s.Authenticate(t.Context(), made, "user"))
	s.spans.Reset()
	_, err := s.Load(t.Context(), made.ID().Secret())
	is.NoErr(err)
	got := s.spans.GetSpans()
	is.Equal(len(got), 2)
	inner, outer := got[0], got[1]
	is.Equal(inner.Name, "DynamoDB.GetItem")
	is.Equal(outer.Name, "session load")
	is.Equal(inner.Parent.SpanID(), outer.SpanContext.SpanID())
	is.Equal(outer.SpanKind, trace.SpanKindInternal)
	attrs := attribute.NewSet(outer.Attributes...)
	is.True(!attrs.HasValue("error.type"))
	for name, want := range map[attribute.Key]string{"session.id": made.Handle(), "enduser.id": "user", "session.outcome": "loaded"} {
		v, _ := attrs.Value(name)
		is.Equal(v.AsString(), want)
	}
	calls, _ := attrs.Value("session.store.calls")
	is.Equal(calls.AsInt64(), int64(1))
}

func TestSpans_OfWhatFails(t *testing.T) {
	is := is.New(t)
	s := newScene(t)
	_, err := s.Load(t.Context(), "forged")
	is.True(err != nil)
	s.store.fails = errors.New("out")
	_, err = s.Load(t.Context(), s.Create().ID().Secret())
	is.True(err != nil)
	var outer []tracetest.SpanStub
	for _, span := range s.spans.GetSpans() {
		if span.Name == "session load" {
			outer = append(outer, span)
		}
	}
	is.Equal(len(outer), 2)
	is.Equal(outer[0].Status.Code, codes.Unset) // caused by a visitor, not a fault of the service
	is.Equal(outer[1].Status, sdktrace.Status{Code: codes.Error, Description: "store failed"})
	for i, want := range []string{"invalid ID", "store failed"} {
		is.True(slices.Contains(outer[i].Attributes, attribute.String("error.type", want)))
	}
}

func TestMetrics(t *testing.T) {
	is := is.New(t)
	s := newScene(t)
	made, err := s.CreateAndSave(t.Context(), "a")
	is.NoErr(err)
	for range 3 {
		_, err = s.Load(t.Context(), made.ID().Secret())
		is.NoErr(err)
	}
	s.clock.Advance(time.Hour)
	stale, err := s.Load(t.Context(), made.ID().Secret()) // touched
	is.NoErr(err)
	made.Data = "b"
	is.NoErr(s.Save(t.Context(), made))
	stale.Data = "c"
	is.True(s.Save(t.Context(), stale) != nil)

	var all metricdata.ResourceMetrics
	is.NoErr(s.reader.Collect(t.Context(), &all))
	sums, counts := map[string]int64{}, map[string]uint64{}
	for _, m := range all.ScopeMetrics[0].Metrics {
		switch data := m.Data.(type) {
		case metricdata.Sum[int64]:
			for _, p := range data.DataPoints {
				op, _ := p.Attributes.Value("session.operation")
				sums[m.Name+" "+op.AsString()] += p.Value
			}
		case metricdata.Histogram[float64]:
			is.Equal(m.Unit, "s")
			for _, p := range data.DataPoints {
				op, _ := p.Attributes.Value("session.operation")
				outcome, _ := p.Attributes.Value("session.outcome")
				counts[op.AsString()+" "+outcome.AsString()] += p.Count
			}
		}
	}
	is.Equal(counts, map[string]uint64{"create created": 1, "load loaded": 4, "save saved": 1, "save conflict": 1})
	is.Equal(sums["session.store.calls load"], int64(5))
	is.Equal(sums["session.conflicts save"], int64(1))
	is.Equal(sums["session.conflicts load"], int64(0))
	is.Equal(sums["session.touches.skipped "], int64(3))
}

func TestHedges_AreCounted(t *testing.T) {
	is := is.New(t)
	s := newScene(t)
	made, err := s.CreateAndSave(t.Context(), "a")
	is.NoErr(err)
	s.spans.Reset()
	for _, late := range []int{0, 2, 1} {
		s.store.late = late
		_, err = s.Load(t.Context(), made.ID().Secret())
		is.NoErr(err)
	}
	var told []int64
	for _, span := range s.spans.GetSpans() {
		for _, a := range span.Attributes {
			if a.Key == "session.store.hedges" {
				told = append(told, a.Value.AsInt64())
			}
		}
	}
	is.Equal(told, []int64{2, 1}) // no value for operations without one

	var all metricdata.ResourceMetrics
	is.NoErr(s.reader.Collect(t.Context(), &all))
	sum := int64(0)
	for _, m := range all.ScopeMetrics[0].Metrics {
		if data, ok := m.Data.(metricdata.Sum[int64]); ok && m.Name == "session.store.hedges" {
			for _, p := range data.DataPoints {
				sum += p.Value
			}
		}
	}
	is.Equal(sum, int64(3))
}

func TestDeadConnections_AreCounted(t *testing.T) {
	is := is.New(t)
	s := newScene(t)
	made, err := s.CreateAndSave(t.Context(), "a")
	is.NoErr(err)
	s.spans.Reset()
	for _, died := range []int{0, 2, 1} {
		s.store.died = died
		_, err = s.Load(t.Context(), made.ID().Secret())
		is.NoErr(err)
	}
	told := 0
	for _, span := range s.spans.GetSpans() {
		for _, e := range span.Events {
			if e.Name == "connection died" {
				told++
			}
		}
	}
	is.Equal(told, 2) // no value for operations without one

	var all metricdata.ResourceMetrics
	is.NoErr(s.reader.Collect(t.Context(), &all))
	sum := int64(0)
	for _, m := range all.ScopeMetrics[0].Metrics {
		if data, ok := m.Data.(metricdata.Sum[int64]); ok && m.Name == "session.store.dead_connections" {
			for _, p := range data.DataPoints {
				sum += p.Value
			}
		}
	}
	is.Equal(sum, int64(3))
}

func TestNew_TheGlobalProvidersByDefault(t *testing.T) {
	is := is.New(t)
	o, err := otelsessions.New(nil)
	is.NoErr(err)
	m, err := sessions.New(memstore.New(nil), &sessions.Config[int]{Observer: o})
	is.NoErr(err)
	_, err = m.CreateAndSave(t.Context(), 1)
	is.NoErr(err)
}

package otelsessions

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"
	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/dynasession/dynasession/sessions/event"
)

func TestInstruments_Capacity(t *testing.T) {
	is := is.New(t)
	reader := sdkmetric.NewManualReader()
	i, err := newInstruments(sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)).Meter("m"))
	is.NoErr(err)
	i.record(t.Context(), event.Event{Kind: event.Renewed, Op: "renew", WriteUnits: 4})
	i.record(t.Context(), event.Event{Kind: event.Loaded, Op: "load", ReadUnits: 1})
	var all metricdata.ResourceMetrics
	is.NoErr(reader.Collect(t.Context(), &all))
	got := map[string]float64{}
	for _, m := range all.ScopeMetrics[0].Metrics {
		if data, ok := m.Data.(metricdata.Sum[float64]); ok {
			for _, p := range data.DataPoints {
				direction, _ := p.Attributes.Value("direction")
				got[m.Name+" "+direction.AsString()] = p.Value
			}
		}
	}
	is.Equal(got, map[string]float64{"session.store.capacity read": 1, "session.store.capacity write": 4})
}

// Dashboards depend on the names and units; and no attribute has a value of a session or a user,
// which would make a time series of each.
func TestInstruments_NamesUnitsAndAttributes(t *testing.T) {
	is := is.New(t)
	reader := sdkmetric.NewManualReader()
	made, err := New(&Config{MeterProvider: sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)), TracerProvider: noop.NewTracerProvider()})
	is.NoErr(err)
	for _, kind := range []event.Kind{event.Loaded, event.Conflict, event.Failed, event.ClockSkewed, event.ConnectionDied} {
		made.Observe(t.Context(), event.Event{
			Kind: kind, Op: "load", Handle: "mine", Subject: "mine", Application: "mine", Reason: "mine", Err: errors.New("mine"),
			Calls: 1, Hedges: 1, ReadUnits: 1, WriteUnits: 1, ClockSkew: time.Minute, DeadConnections: 1, Ended: 1,
		})
	}
	var all metricdata.ResourceMetrics
	is.NoErr(reader.Collect(t.Context(), &all))
	got := map[string]string{}
	for _, m := range all.ScopeMetrics[0].Metrics {
		var sets []attribute.Set
		switch data := m.Data.(type) {
		case metricdata.Sum[int64]:
			sets = setsOf(data.DataPoints)
		case metricdata.Sum[float64]:
			sets = setsOf(data.DataPoints)
		case metricdata.Gauge[float64]:
			sets = setsOf(data.DataPoints)
			is.Equal(data.DataPoints[0].Value, 60.0)
		case metricdata.Histogram[float64]:
			for _, p := range data.DataPoints {
				sets = append(sets, p.Attributes)
			}
			is.Equal(data.DataPoints[0].Bounds, []float64{0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10})
		}
		names := map[string]bool{}
		for _, set := range sets {
			for _, a := range set.ToSlice() {
				names[string(a.Key)] = true
				is.True(a.Value.AsString() != "mine")
			}
		}
		is.True(m.Description != "")
		got[m.Name] = m.Unit + " " + strings.Join(slices.Sorted(maps.Keys(names)), " ")
	}
	is.Equal(got, map[string]string{
		"session.operation.duration":     "s error.type session.operation session.outcome",
		"session.store.calls":            "{call} session.operation",
		"session.store.capacity":         "{unit} direction session.operation",
		"session.conflicts":              "{conflict} session.operation",
		"session.touches.skipped":        "{touch} ",
		"session.store.hedges":           "{call} session.operation",
		"session.clock.skew":             "s ",
		"session.store.dead_connections": "{connection} ",
	})
}

func setsOf[N int64 | float64](points []metricdata.DataPoint[N]) (sets []attribute.Set) {
	for _, p := range points {
		sets = append(sets, p.Attributes)
	}
	return sets
}

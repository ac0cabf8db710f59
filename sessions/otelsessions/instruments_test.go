package otelsessions

import (
	"testing"

	"github.com/matryer/is"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

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

package otelsessions

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/dynasession/dynasession/sessions/event"
)

// buckets are those of the semantic conventions for durations of database calls, in seconds.
var buckets = []float64{0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10}

type instruments struct {
	duration  metric.Float64Histogram
	calls     metric.Int64Counter
	capacity  metric.Float64Counter
	conflicts metric.Int64Counter
	skipped   metric.Int64Counter
	hedges    metric.Int64Counter
	skew      metric.Float64Gauge
	died      metric.Int64Counter
}

func newInstruments(m metric.Meter) (instruments, error) {
	var i instruments
	errs := make([]error, 8)
	i.duration, errs[0] = m.Float64Histogram("session.operation.duration", metric.WithUnit("s"),
		metric.WithDescription("How long an operation on a session took."), metric.WithExplicitBucketBoundaries(buckets...))
	i.calls, errs[1] = m.Int64Counter("session.store.calls", metric.WithUnit("{call}"),
		metric.WithDescription("Calls of the store that operations on sessions made."))
	i.capacity, errs[2] = m.Float64Counter("session.store.capacity", metric.WithUnit("{unit}"),
		metric.WithDescription("Capacity that DynamoDB says operations on sessions consumed."))
	i.conflicts, errs[3] = m.Int64Counter("session.conflicts", metric.WithUnit("{conflict}"),
		metric.WithDescription("Operations that another request was faster than."))
	i.skipped, errs[4] = m.Int64Counter("session.touches.skipped", metric.WithUnit("{touch}"),
		metric.WithDescription("Loads whose access was not due to be recorded, so that nothing was written."))
	i.hedges, errs[5] = m.Int64Counter("session.store.hedges", metric.WithUnit("{call}"),
		metric.WithDescription("Reads of the store that were late and were asked again."))
	i.skew, errs[6] = m.Float64Gauge("session.clock.skew", metric.WithUnit("s"),
		metric.WithDescription("By how much this host's clock is ahead of the store's, when that is worth a report."))
	i.died, errs[7] = m.Int64Counter("session.store.dead_connections", metric.WithUnit("{connection}"),
		metric.WithDescription("Connections to the store that had died without a word, so that a call was slow."))
	return i, errors.Join(errs...)
}

func (i instruments) record(ctx context.Context, e event.Event) {
	op := attribute.String("session.operation", e.Op)
	outcome := []attribute.KeyValue{op, attribute.String("session.outcome", string(e.Kind))}
	if e.Err != nil {
		outcome = append(outcome, attribute.String("error.type", string(e.Kind)))
	}
	i.duration.Record(ctx, e.Duration.Seconds(), metric.WithAttributes(outcome...))
	i.calls.Add(ctx, int64(e.Calls), metric.WithAttributes(op))
	for direction, units := range map[string]float64{"read": e.ReadUnits, "write": e.WriteUnits} {
		if units > 0 {
			i.capacity.Add(ctx, units, metric.WithAttributes(op, attribute.String("direction", direction)))
		}
	}
	if e.Kind == event.Conflict {
		i.conflicts.Add(ctx, 1, metric.WithAttributes(op))
	}
	if e.Hedges > 0 {
		i.hedges.Add(ctx, int64(e.Hedges), metric.WithAttributes(op))
	}
	if e.Kind == event.Loaded && !e.Touched {
		i.skipped.Add(ctx, 1)
	}
}

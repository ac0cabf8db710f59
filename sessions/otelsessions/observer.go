package otelsessions

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/dynasession/dynasession/sessions/event"
)

const scope = "github.com/dynasession/dynasession/sessions/otelsessions"

// Config sets the providers of spans and metrics. A nil Config is the zero one.
type Config struct {
	// TracerProvider defaults to the global one.
	TracerProvider trace.TracerProvider
	// MeterProvider defaults to the global one.
	MeterProvider metric.MeterProvider
}

type observer struct {
	tracer      trace.Tracer
	instruments instruments
}

var _ event.StartObserver = (*observer)(nil)

// New returns an Observer that records spans and metrics. It is safe for concurrent use, and may
// serve several Managers.
func New(cfg *Config) (event.Observer, error) {
	var c Config
	if cfg != nil {
		c = *cfg
	}
	if c.TracerProvider == nil {
		c.TracerProvider = otel.GetTracerProvider()
	}
	if c.MeterProvider == nil {
		c.MeterProvider = otel.GetMeterProvider()
	}
	i, err := newInstruments(c.MeterProvider.Meter(scope))
	if err != nil {
		return nil, fmt.Errorf("otelsessions: %w", err)
	}
	return &observer{c.TracerProvider.Tracer(scope), i}, nil
}

// Start starts the operation's span.
func (o *observer) Start(ctx context.Context, op string) context.Context {
	ctx, _ = o.tracer.Start(ctx, "session "+op, trace.WithSpanKind(trace.SpanKindInternal))
	return ctx
}

// Observe ends the operation's span, if the operation has ended, and updates the metrics.
func (o *observer) Observe(ctx context.Context, e event.Event) {
	span := trace.SpanFromContext(ctx)
	switch e.Kind {
	case event.Touched, event.Recovered, event.ClockSkewed, event.ConnectionDied:
		switch e.Kind {
		case event.ClockSkewed:
			o.instruments.skew.Record(ctx, e.ClockSkew.Seconds())
		case event.ConnectionDied:
			o.instruments.died.Add(ctx, int64(e.DeadConnections))
		}
		span.AddEvent(string(e.Kind))
		return
	}
	o.instruments.record(ctx, e)
	span.SetAttributes(spanAttributes(e)...)
	if isFault(e) {
		span.SetStatus(codes.Error, string(e.Kind))
	}
	span.End()
}

func spanAttributes(e event.Event) []attribute.KeyValue {
	attrs := []attribute.KeyValue{
		attribute.String("session.outcome", string(e.Kind)),
		attribute.Int("session.store.calls", e.Calls),
	}
	if e.Hedges > 0 {
		attrs = append(attrs, attribute.Int("session.store.hedges", e.Hedges))
	}
	for name, value := range map[attribute.Key]string{"session.id": e.Handle, "enduser.id": e.Subject} {
		if value != "" {
			attrs = append(attrs, name.String(value))
		}
	}
	if e.Err != nil {
		attrs = append(attrs, attribute.String("error.type", string(e.Kind)))
	}
	return attrs
}

// isFault reports whether an operation failed because of the service and not because of a visitor,
// so that operators should see an error.
func isFault(e event.Event) bool {
	switch e.Kind {
	case event.StoreFailed, event.OutcomeUnknown, event.Undecodable, event.TooLarge, event.Failed:
		return true
	}
	return false
}

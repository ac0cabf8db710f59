package otelsessions_test

import (
	"context"
	"fmt"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/memstore"
	"github.com/dynasession/dynasession/sessions/otelsessions"
)

// Each operation is a span. A service passes nil for the global providers.
func ExampleNew() {
	ctx, spans := context.Background(), tracetest.NewInMemoryExporter()
	o, err := otelsessions.New(&otelsessions.Config{TracerProvider: sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))})
	if err != nil {
		panic(err)
	}
	m, err := sessions.New(memstore.New(nil), &sessions.Config[string]{Observer: o})
	if err != nil {
		panic(err)
	}
	s, _ := m.CreateAndSave(ctx, "tea")
	_, _ = m.Load(ctx, s.ID().Secret())
	for _, span := range spans.GetSpans() {
		fmt.Println(span.Name)
	}
	// Output:
	// session create
	// session load
}

package driver_test

import (
	"context"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions/driver"
)

func TestTrace_OfNobodyTakesAllAndHasNothing(t *testing.T) {
	is := is.New(t)
	trace := driver.TraceFrom(t.Context())
	is.Equal(trace, nil)
	trace.Called()
	trace.Touched()
	trace.Recovered()
	trace.Hedged()
	trace.Consumed(1, 2)
	is.Equal(trace.WantsCapacity(), false)
}

func TestTrace_AddsUp(t *testing.T) {
	is := is.New(t)
	var of driver.Trace
	ctx, cancel := context.WithCancel(driver.WithTrace(t.Context(), &of))
	defer cancel()
	trace := driver.TraceFrom(ctx)
	for range 2 {
		trace.Called()
		trace.Hedged()
		trace.Consumed(0.5, 2)
	}
	is.Equal(of, driver.Trace{Calls: 2, Hedges: 2, ReadUnits: 1, WriteUnits: 4})
	trace.Touched()
	trace.Recovered()
	is.True(of.WasTouched)
	is.True(of.WasRecovered)
	is.True(!of.WantsCapacity())
	of.Capacity = true
	is.True(trace.WantsCapacity())
}

func TestTrace_TheInnermostCounts(t *testing.T) {
	is := is.New(t)
	var outer, inner driver.Trace
	ctx := driver.WithTrace(driver.WithTrace(t.Context(), &outer), &inner)
	driver.TraceFrom(ctx).Called()
	is.Equal(outer.Calls, 0)
	is.Equal(inner.Calls, 1)
	is.Equal(driver.TraceFrom(driver.WithTrace(ctx, nil)), nil)
}

package driver_test

import (
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions/driver"
)

func TestTrace_OfNobodyWhoWantsToKnow(t *testing.T) {
	is := is.New(t)
	trace := driver.TraceFrom(t.Context())
	is.True(trace == nil)
	trace.Called()
	trace.Touched()
	trace.Recovered()
	trace.Hedged()
	trace.Consumed(1, 1)
	is.True(!trace.WantsCapacity())
}

func TestTrace_SumsUp(t *testing.T) {
	is := is.New(t)
	ctx := driver.WithTrace(t.Context(), &driver.Trace{Capacity: true})
	trace := driver.TraceFrom(ctx)
	trace.Called()
	trace.Called()
	trace.Consumed(1, 2)
	trace.Consumed(0.5, 0)
	trace.Hedged()
	trace.Touched()
	trace.Recovered()
	is.Equal(*trace, driver.Trace{
		Capacity: true, Calls: 2, Hedges: 1, ReadUnits: 1.5, WriteUnits: 2, WasRecovered: true, WasTouched: true,
	})
	is.True(trace.WantsCapacity())
}

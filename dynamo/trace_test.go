package dynamo_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/dynamo"
	"github.com/dynasession/dynasession/sessions/driver"
)

// The store requests and reports the capacity of each call if the Trace wants it.
func TestTrace_Capacity(t *testing.T) {
	const one, list = `"ConsumedCapacity":{"TableName":"t","CapacityUnits":1.5}`, `"ConsumedCapacity":[{"TableName":"t","CapacityUnits":1.5}]`
	type calls = map[string]func(context.Context, *dynamo.Store) error
	reads := calls{
		"Load": func(ctx context.Context, s *dynamo.Store) error { _, err := s.Load(ctx, "k"); return err },
		"LoadAll": func(ctx context.Context, s *dynamo.Store) error {
			_, err := s.LoadAll(ctx, []string{"k", "l"})
			return err
		},
		"LoadRosters": func(ctx context.Context, s *dynamo.Store) error { _, err := s.LoadRosters(ctx, "k"); return err },
	}
	test := func(name string, call func(context.Context, *dynamo.Store) error, consumed string, want func(driver.Trace) float64) {
		for _, asked := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				is := is.New(t)
				store, w := newStore(t, ok(`{`+consumed+`}`))
				trace := driver.Trace{Capacity: asked}
				_ = call(driver.WithTrace(t.Context(), &trace), store)
				is.Equal(w.sent[0].body["ReturnConsumedCapacity"] == "TOTAL", asked)
				is.Equal(want(trace), 1.5)
				is.Equal(trace.ReadUnits+trace.WriteUnits, 1.5) // none of the other kind
			})
		}
	}
	for name, call := range reads {
		consumed := one
		if name == "LoadAll" {
			consumed = list
		}
		test(name, call, consumed, func(trace driver.Trace) float64 { return trace.ReadUnits })
	}
	for name, call := range writes {
		test(name, call, one, func(trace driver.Trace) float64 { return trace.WriteUnits })
	}
}

func TestTrace_ARecoveredWriteIsTold(t *testing.T) {
	for name, again := range map[string]answer{
		"Create": conditionFailed("ours"), "Replace": conditionFailed("ours"), "End": ended("ours"), "End if": ended("ours"),
		"ChangeRoster": onItem(`"id":{"S":"subject:x"},"rev":{"S":"ours"},"expires":{"N":"1"}`),
		"Bind":         onItem(whole + `,"binding":{"B":"AQ=="}`),
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			store, _ := newStore(t, cut, again)
			var trace driver.Trace
			is.NoErr(writes[name](driver.WithTrace(t.Context(), &trace), store))
			is.True(trace.WasRecovered)
		})
	}
}

// The first response corrects the store's clock, whether it is a record, an error or the second of
// a hedged read; the Trace gets the difference.
func TestTrace_ClockSkew(t *testing.T) {
	calls := map[string]func(context.Context, *dynamo.Store) error{
		"Load":   func(ctx context.Context, s *dynamo.Store) error { _, err := s.Load(ctx, "k"); return err },
		"Create": writes["Create"],
	}
	for name, call := range calls {
		for _, a := range [][]answer{{fine}, {refusedWith(400, "ConditionalCheckFailedException", "")}, {cut, fine}, {hanging, fine}} {
			for _, wrong := range []time.Duration{10 * time.Minute, -10 * time.Minute, 0} {
				t.Run(name, func(t *testing.T) {
					is := is.New(t)
					w := &wire{answers: a, date: time.Now().Add(-wrong).UTC().Format(http.TimeFormat)}
					store, err := dynamo.NewStore(w.client(), &dynamo.Config{Hedge: always(20 * time.Millisecond), Timeout: 500 * time.Millisecond})
					is.NoErr(err)
					store.WithoutPauses()
					if a[0].hang && name == "Create" {
						return // writes aren't hedged
					}
					is.True(time.Until(store.Clock().Now()).Abs() < time.Second)
					var trace driver.Trace
					_ = call(driver.WithTrace(t.Context(), &trace), store)
					is.True((time.Until(store.Clock().Now()) + wrong).Abs() < 3*time.Second)
					is.True((trace.ClockSkew - wrong).Abs() < 3*time.Second)
					trace = driver.Trace{}
					_ = call(driver.WithTrace(t.Context(), &trace), store)
					is.Equal(trace.ClockSkew, time.Duration(0)) // once in ten minutes
				})
			}
		}
	}
}

package store_test

import (
	"strings"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec/attribute"
)

// nested returns a value that consists of n nested maps.
func nested(n int) map[string]any {
	v := map[string]any{"leaf": "x"}
	for range n - 1 {
		v = map[string]any{"m": v}
	}
	return v
}

// The engine accepts the deepest nesting that the native codec accepts.
func TestNesting_TheCodecsLimitIsTheEngines(t *testing.T) {
	is := is.New(t)
	p := newPlace(t)
	c := attribute.Codec[map[string]any]{}
	deepest := 0
	for n := 1; n < 40; n++ {
		payload, err := c.Encode(nested(n))
		if err != nil {
			is.True(strings.Contains(err.Error(), "31"))
			break
		}
		deepest = n
		rec := record(strings.Repeat("k", n))
		rec.Payload = payload
		is.NoErr(p.Create(t.Context(), rec))
		got, err := p.Load(t.Context(), rec.Key)
		is.NoErr(err)
		back, err := c.Decode(got.Payload)
		is.NoErr(err)
		is.Equal(back, nested(n))
	}
	is.True(deepest >= 29)
}

package codectest

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/dynasession/dynasession/codec"
)

// Kinds holds codecs of one format for types of every kind.
type Kinds struct {
	Scalars     codec.Codec[Scalars]
	Blobs       codec.Codec[Blobs]
	Times       codec.Codec[Times]
	Collections codec.Codec[Collections]
	Pointers    codec.Codec[Pointers]
	Node        codec.Codec[Node]
	Embedding   codec.Codec[Embedding]
	Tagged      codec.Codec[Tagged]
	Older       codec.Codec[Older]
	Newer       codec.Codec[Newer]
	Open        codec.Codec[Open]
	Unstorable  codec.Codec[Unstorable]
	Text        codec.Codec[string]
	Free        codec.Codec[map[string]any]
	Pointer     codec.Codec[*Inner]
}

// RunKinds checks with [Run] that the codecs return each kind of Go type unchanged, and refuse
// those that they can't.
func RunKinds(t *testing.T, k Kinds) {
	t.Run("scalars", func(t *testing.T) {
		Run(t, k.Scalars, Scalars{}, Scalars{
			true, math.MaxInt, math.MinInt8, math.MinInt16, math.MinInt32, 1<<53 + 1,
			math.MaxUint, math.MaxUint8, math.MaxUint16, math.MaxUint32, math.MaxUint64, 0.1, 1.0 / 3, "x",
		}, Scalars{Int64: math.MinInt64, Float32: -0.5, Float64: 1e20}, Scalars{Int64: math.MaxInt64, Float64: 5e-100})
		for _, f := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, math.SmallestNonzeroFloat64} {
			Keeps(t, k.Scalars, Scalars{Float64: f})
			Keeps(t, k.Scalars, Scalars{Float32: float32(f)})
		}
	})
	t.Run("texts", func(t *testing.T) { texts(t, k) })
	t.Run("bytes", func(t *testing.T) {
		all := make([]byte, 256)
		for i := range all {
			all[i] = byte(i)
		}
		Run(t, k.Blobs, Blobs{}, Blobs{Empty: []byte{}, Some: all, Array: [4]byte{1, 2, 3, 255}})
	})
	t.Run("times", func(t *testing.T) {
		moment := time.Date(2026, 2, 28, 23, 59, 59, 123456789, time.UTC)
		Run(t, k.Times, Times{}, Times{Moment: moment, Zoned: moment.In(time.FixedZone("", 5*3600+1800)), Pointer: &moment})
		Keeps(t, k.Times, Times{Moment: time.Date(123456, 1, 1, 0, 0, 0, 0, time.UTC)})
	})
	t.Run("collections", func(t *testing.T) {
		Run(t, k.Collections, Collections{}, collections(2), collections(30))
	})
	t.Run("pointers", func(t *testing.T) { pointers(t, k) })
	t.Run("embedded structs", func(t *testing.T) {
		Run(t, k.Embedding, Embedding{}, Embedding{Inner{"n", 3}, hidden{"s"}, "o"})
	})
	t.Run("tags", func(t *testing.T) { tags(t, k) })
	t.Run("another version of the type", func(t *testing.T) { versions(t, k) })
	t.Run("interfaces", func(t *testing.T) { interfaces(t, k) })
	t.Run("refused", func(t *testing.T) {
		Refuses(t, k.Unstorable, Unstorable{})
		Refuses(t, k.Unstorable, Unstorable{Chan: make(chan int)})
		for _, v := range []any{make(chan int), func() {}, struct{ A int }{1}, &Inner{}, time.Now(), errors.New("x")} {
			Refuses(t, k.Open, Open{Any: v})
			Refuses(t, k.Free, map[string]any{"x": []any{v}})
		}
		loop := map[string]any{}
		loop["self"] = loop
		Refuses(t, k.Free, loop)
	})
}

func collections(n int) Collections {
	c := Collections{
		EmptySlice: []string{}, Strings: []string{"", "b", "b"}, Ints: []int64{1, -1, 1 << 60}, Array: [3]int{1, 2, 3},
		Structs: []Inner{{}, {"a", 1}}, EmptyMap: map[string]int{}, Counts: map[string]int{},
		Flags: map[string]bool{}, ByNumber: map[int]string{}, Deep: map[string]map[string][]Inner{"x": nil, "y": {"z": {{"d", 4}}}},
	}
	for i := range n {
		c.Counts[fmt.Sprint("key", i)] = i
		c.Flags[fmt.Sprint("flag", i)] = i%2 == 0
		c.ByNumber[i-1] = strings.Repeat("v", i)
	}
	return c
}

package msgpack_test

import (
	"math"
	"strings"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/msgpack"
)

// stored returns the payload of a server whose field N had another type.
func stored[N any](t *testing.T, n N) codec.Payload {
	t.Helper()
	p, err := msgpack.Codec[struct{ N N }]{}.Encode(struct{ N N }{n})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func read[N any](p codec.Payload) (N, error) {
	v, err := msgpack.Codec[struct{ N N }]{}.Decode(p)
	return v.N, err
}

func TestDecode_KeepsANumberOrRefusesIt(t *testing.T) {
	type list = map[string][]*int8
	for name, err := range map[string]error{
		"300 into int8":           second(read[int8](stored(t, 300))),
		"-129 into int8":          second(read[int8](stored(t, -129))),
		"-1 into uint":            second(read[uint](stored(t, -1))),
		"256 into uint8":          second(read[uint8](stored(t, 256))),
		"2^63 into int64":         second(read[int64](stored(t, uint64(1<<63)))),
		"2^53+1 into float64":     second(read[float64](stored(t, int64(1<<53+1)))),
		"2^24+1 into float32":     second(read[float32](stored(t, 1<<24+1))),
		"2^64-1 into float64":     second(read[float64](stored(t, uint64(math.MaxUint64)))),
		"a narrower key":          second(read[map[int8]bool](stored(t, map[int]bool{1000: true}))),
		"in a map, list, pointer": second(read[list](stored(t, map[string][]int{"a": {1, 2, 300}}))),
		"in an array":             second(read[[2]uint16](stored(t, []int{1, -1}))),
		"in an embedded struct":   second(read[struct{ Inner8 }](stored(t, struct{ X int }{1000}))),
	} {
		if err == nil || !strings.HasPrefix(err.Error(), "msgpack: a number is out of the range of ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	is := is.New(t)
	for _, n := range []int64{127, -128, 0} {
		got, err := read[int8](stored(t, n))
		is.NoErr(err)
		is.Equal(int64(got), n)
	}
	f, err := read[float64](stored(t, int64(1<<53)))
	is.NoErr(err)
	is.Equal(f, float64(1<<53))
	f, err = read[float64](stored(t, int64(math.MinInt64)))
	is.NoErr(err)
	is.Equal(f, float64(math.MinInt64))
	u, err := read[uint64](stored(t, uint64(math.MaxUint64)))
	is.NoErr(err)
	is.Equal(u, uint64(math.MaxUint64))

	// Numbers in unknown members, and in values that encode themselves, may have any size.
	type narrow struct{ Small int8 }
	p, err := msgpack.Codec[map[string]any]{}.Encode(map[string]any{"Small": 7, "Other": int64(1 << 40), "More": []any{int64(-1 << 40)}})
	is.NoErr(err)
	got, err := msgpack.Codec[narrow]{}.Decode(p)
	is.NoErr(err)
	is.Equal(got, narrow{7})
}

type Inner8 struct{ X int8 }

func second[A any](_ A, err error) error { return err }

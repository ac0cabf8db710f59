package threeway

import (
	"math"
	"reflect"
	"testing"
	"time"
)

type named string

type boxed struct {
	_ int // of no meaning
	N int
}

// What an interface holds is the same as what a decoder would put there in its place, whichever of
// the two comes first; exactly alike are values of one type alone.
func TestSame_WhatInterfacesHold(t *testing.T) {
	nan, maxUint := math.NaN(), uint64(math.MaxUint64)
	for _, c := range []struct {
		a, b any
		same bool
	}{
		{5, 5.0, true},
		{5, 5.5, false},
		{5, 6.0, false},
		{int8(5), int64(5), true},
		{int8(5), int64(6), false},
		{int8(5), uint64(5), true},
		{int8(5), uint64(6), false},
		{uint8(5), uint64(5), true},
		{uint8(5), uint64(6), false},
		{uint8(5), 5.0, true},
		{uint8(5), 5.5, false},
		{uint8(5), 6.0, false},
		{-1, maxUint, false}, // the same bits
		{uint64(math.MaxInt64) + 1, int64(math.MinInt64), false},
		{float32(0.5), 0.5, true},
		{float32(0.5), 0.25, false},
		{int64(math.MaxInt64), 1 << 63 * 1.0, false}, // a float64 has no 2^63-1
		{int64(math.MinInt64), -1 << 63 * 1.0, true},
		{int64(math.MinInt64), -1 << 64 * 1.0, false},
		{maxUint, 1 << 64 * 1.0, false},
		{uint64(1 << 63), 1 << 64 * 1.0, false}, // what a conversion may make of it
		{int64(math.MinInt64), 1 << 63 * 1.0, false},
		{uint64(1 << 63), 1 << 63 * 1.0, true},
		{uint64(0), -1.0, false},
		{0, nan, false},
		{uint8(0), nan, false},
		{0, math.Inf(1), false},
		{int64(math.MinInt64), math.Inf(-1), false},
		{true, 1, false},
		{"5", 5, false},
		{"a", named("a"), true},
		{"a", named("b"), false},
		{[]string{"x"}, []any{"x"}, true},
		{[]string{"x"}, []any{"y"}, false},
		{[]string{"x"}, []any{"x", "y"}, false},
		{[1]int{1}, []any{1.0}, true},
		{[1]int{1}, []any{2.0}, false},
		{[]int{1}, map[string]any{"0": 1}, false},
		{"x", []any{"x"}, false},
		{map[string]int{"k": 1}, map[string]any{"k": 1.0}, true},
		{map[string]int{"k": 1}, map[string]any{"k": 2.0}, false},
		{map[string]int{"k": 1}, map[string]any{"l": 1.0}, false},
		{map[string]int{"k": 1}, map[string]any{"k": 1.0, "l": 1}, false},
		{map[named]int{"k": 1}, map[string]any{"k": 1.0}, true},
		{map[int]int{1: 1}, map[string]any{"1": 1.0}, false},
		{map[int]int{1: 1}, map[int8]int{1: 1}, false},
		{map[string]int{}, []any{}, false},
		{nil, 0, false},
		{nil, "", false},
		{boxed{N: 1}, map[string]any{"N": 1}, false}, // which of its names an encoder takes is unknown
	} {
		for _, pair := range [][2]any{{c.a, c.b}, {c.b, c.a}} {
			a, b := reflect.ValueOf(&pair[0]).Elem(), reflect.ValueOf(&pair[1]).Elem()
			if got := same(a, b, inMeaning); got != c.same {
				t.Errorf("%T %v and %T %v are the same in meaning: %t, want %t", pair[0], pair[0], pair[1], pair[1], got, c.same)
			}
			if same(a, b, exactly) && reflect.TypeOf(c.a) != reflect.TypeOf(c.b) {
				t.Errorf("%T %v and %T %v are exactly alike", pair[0], pair[0], pair[1], pair[1])
			}
		}
	}
}

// What can be told apart of one type, and what means the same.
func TestSame_OfOneType(t *testing.T) {
	nan, noon := math.NaN(), time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	other := math.Float64frombits(math.Float64bits(nan) ^ 1)
	zone := func(name string, hours int) time.Time { return noon.In(time.FixedZone(name, hours*3600)) }
	type link struct{ Next *link }
	circle := &link{}
	circle.Next = circle
	call := func() {}
	pipe := make(chan int)
	for _, c := range []struct {
		name             string
		a, b             any
		exactly, meaning bool
	}{
		{"NaN", nan, nan, true, true},
		{"another NaN", nan, other, false, true},
		{"NaN and a number", nan, 1.0, false, false},
		{"0 and -0", 0.0, math.Copysign(0, -1), false, true},
		{"complex", complex(1, nan), complex(1, nan), true, true},
		{"complex, by its imaginary part", complex(1, 1), complex(1, 2), false, false},
		{"complex, by its real part", complex(1, 1), complex(2, 1), false, false},
		{"a nil and an empty slice", []int(nil), []int{}, false, true},
		{"a nil and an empty map", map[int]int(nil), map[int]int{}, false, true},
		{"slices of bytes", []byte("ab"), []byte("ac"), false, false},
		{"slices of different lengths", []int{1}, []int{1, 2}, false, false},
		{"arrays", [2]int{1, 2}, [2]int{1, 3}, false, false},
		{"the same instant in two zones", noon, zone("X", 1), false, true},
		{"two names of an offset", zone("X", 1), zone("Y", 1), false, true},
		{"two offsets of a name", zone("X", 1), zone("X", 2), false, true},
		{"two zones that are equal", zone("X", 1), zone("X", 1), true, true},
		{"two instants", noon, noon.Add(1), false, false},
		{"a field without a name", boxed{N: 1}, boxed{N: 1}, true, true},
		{"a field", boxed{N: 1}, boxed{N: 2}, false, false},
		{"pointers to equals", &boxed{N: 1}, &boxed{N: 1}, true, true},
		{"pointers to different ones", &boxed{N: 1}, &boxed{N: 2}, false, false},
		{"a pointer and nil", &boxed{}, (*boxed)(nil), false, false},
		{"what contains itself", circle, &link{Next: &link{Next: circle}}, true, true},
		{"what contains itself, and what ends", circle, &link{Next: &link{}}, false, false},
		{"a function", call, call, true, true},
		{"two channels", pipe, make(chan int), false, false},
		{"maps with NaN keys", map[float64]int{nan: 1}, map[float64]int{nan: 1}, true, true},
		{"maps with NaN keys, by their values", map[float64]int{nan: 1}, map[float64]int{nan: 2}, false, false},
		{"maps with NaN keys, of each as many", map[float64]int{nan: 1, -nan: 1}, map[float64]int{nan: 1, -nan: 2}, false, false},
		{"maps with NaN in keys", map[[1]float64]int{{nan}: 1}, map[[1]float64]int{{nan}: 1}, true, true},
		{"maps with and without NaN keys", map[float64]int{nan: 1}, map[float64]int{1: 1}, false, false},
		{"maps, by their keys", map[string]int{"a": 1}, map[string]int{"b": 1}, false, false},
		{"maps, by their values", map[string]int{"a": 1}, map[string]int{"a": 2}, false, false},
	} {
		for _, pair := range [][2]any{{c.a, c.b}, {c.b, c.a}} {
			a, b := reflect.ValueOf(pair[0]), reflect.ValueOf(pair[1])
			if got := same(a, b, exactly); got != c.exactly {
				t.Errorf("%s: exactly alike: %t, want %t", c.name, got, c.exactly)
			}
			if got := same(a, b, inMeaning); got != c.meaning {
				t.Errorf("%s: the same in meaning: %t, want %t", c.name, got, c.meaning)
			}
		}
	}
}

// secretive encodes itself, and hides a map before a number.
type secretive struct {
	m map[string]int
	n int
}

func (secretive) MarshalText() ([]byte, error) { return nil, nil }

// A copy of lists that begin at the same element keeps the length of each. A pointer to a type that
// encodes itself, and hides what refers to memory, is not copied.
func TestClone_OfWhatShares(t *testing.T) {
	all := []int{1, 2, 3}
	got := clone(reflect.ValueOf([][]int{all[:2], all, all[:1]})).Interface().([][]int)
	if !reflect.DeepEqual(got, [][]int{{1, 2}, {1, 2, 3}, {1}}) {
		t.Error(got)
	}
	all[0] = 5
	if got[1][0] != 1 {
		t.Error("a copy shares memory")
	}
	p := &secretive{map[string]int{"k": 1}, 1}
	if clone(reflect.ValueOf(p)).Interface() != p {
		t.Error("a copy of what can't be copied")
	}
}

package shape_test

import (
	"fmt"
	"io"
	"net/netip"
	"testing"
)

func TestOf_RefusesKinds(t *testing.T) {
	refused[chan int](t, asJSON(), "chan int can't be stored")
	refused[struct{ A []func() }](t, asJSON(), "field A[]: func() can't be stored")
	refused[struct{ A map[string]*complex128 }](t, asJSON(), "field A[]: complex128 can't be stored")
	refused[struct{ A struct{ B uintptr } }](t, asJSON(), "field A.B: uintptr can't be stored")
	refused[struct{ E error }](t, asJSON(), "field E: error is an interface with methods, and nothing tells which type to decode into")
	refused[io.Reader](t, asJSON(), "io.Reader is an interface with methods, and nothing tells which type to decode into")
	refused[[2]fmt.Stringer](t, asJSON(), "field []: fmt.Stringer is an interface with methods, and nothing tells which type to decode into")
}

func TestOf_KeysOfMaps(t *testing.T) {
	type name string
	taken[map[name]int](t, asJSON())
	taken[map[uint8]int](t, asJSON())
	taken[map[netip.Addr]int](t, asJSON()) // MarshalText, UnmarshalText
	for _, f := range []func(){
		func() {
			refused[map[bool]int](t, other(), "bool as the key of a map: must be a string, an integer, or have MarshalText and UnmarshalText")
		},
		func() {
			refused[struct{ M map[[2]int]int }](t, asJSON(), "field M: [2]int as the key of a map: must be a string, an integer, or have MarshalText and UnmarshalText")
		},
		func() {
			refused[map[oneWay]int](t, asJSON(), "shape_test.oneWay as the key of a map: must be a string, an integer, or have MarshalText and UnmarshalText")
		},
	} {
		f()
	}
}

func TestOf_Recursion(t *testing.T) {
	type tree struct {
		Left, Right *tree
		ByName      map[string]tree
	}
	taken[tree](t, asJSON())
	taken[tree](t, other())
	type bad struct {
		Next *bad
		C    chan int
	}
	refused[bad](t, asJSON(), "field C: chan int can't be stored")
}

type (
	itself *itself
	one    *two
	two    *one
)

func TestOf_PointersToNothingButPointers(t *testing.T) {
	refused[itself](t, asJSON(), "shape_test.itself points to nothing but pointers")
	refused[struct{ P one }](t, asJSON(), "field P: shape_test.one points to nothing but pointers")
	refused[map[string]**two](t, asJSON(), "field []: **shape_test.two points to nothing but pointers")
	taken[***int](t, asJSON())
}

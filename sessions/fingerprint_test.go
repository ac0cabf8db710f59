package sessions

import (
	"math"
	"math/big"
	"net/netip"
	"testing"
	"time"

	"github.com/matryer/is"
	"pgregory.net/rapid"
)

// everything has a field of each kind that a fingerprint handles.
type everything struct {
	B      bool
	I      int32
	U      uint8
	F      float64
	C      complex128
	S      string
	Bytes  []byte
	List   []string
	Array  [2]int
	Map    map[string][]int
	Ptr    *everything
	Any    any
	Time   time.Time
	Big    *big.Int
	Addr   netip.Addr
	hidden int
}

func full() everything {
	return everything{
		B: true, I: 1, U: 2, F: 1.5, C: 1i, S: "s", Bytes: []byte("b"), List: []string{"a", "b"}, Array: [2]int{1, 2},
		Map: map[string][]int{"x": {1}, "y": {2}}, Ptr: &everything{S: "inner"}, Any: map[string]any{"k": 1.0},
		Time: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC), Big: big.NewInt(1 << 40), Addr: netip.MustParseAddr("2001:db8::1"), hidden: 7,
	}
}

func TestFingerprint_SeesEveryChange(t *testing.T) {
	was := full()
	for name, change := range map[string]func(e *everything){
		"bool":                  func(e *everything) { e.B = false },
		"int":                   func(e *everything) { e.I++ },
		"uint":                  func(e *everything) { e.U++ },
		"float":                 func(e *everything) { e.F++ },
		"complex":               func(e *everything) { e.C++ },
		"string":                func(e *everything) { e.S += "x" },
		"a byte":                func(e *everything) { e.Bytes[0]++ },
		"an element":            func(e *everything) { e.List[1] = "c" },
		"elements that move":    func(e *everything) { e.List = []string{"ab", ""} },
		"an order":              func(e *everything) { e.List = []string{"b", "a"} },
		"a place of an array":   func(e *everything) { e.Array = [2]int{2, 1} },
		"a value of a map":      func(e *everything) { e.Map["x"][0]++ },
		"values that swap":      func(e *everything) { e.Map["x"], e.Map["y"] = e.Map["y"], e.Map["x"] },
		"a key":                 func(e *everything) { e.Map["z"] = nil },
		"a key that is gone":    func(e *everything) { delete(e.Map, "x") },
		"behind a pointer":      func(e *everything) { e.Ptr.S = "other" },
		"a pointer that is nil": func(e *everything) { e.Ptr = nil },
		"in an any":             func(e *everything) { e.Any.(map[string]any)["k"] = 2.0 },
		"the type in an any":    func(e *everything) { e.Any = map[string]float64{"k": 1} },
		"a time":                func(e *everything) { e.Time = e.Time.Add(1) },
		"a zone":                func(e *everything) { e.Time = e.Time.In(time.FixedZone("", 3600)) },
		"a big number":          func(e *everything) { e.Big.Add(e.Big, big.NewInt(1)) },
		"its sign":              func(e *everything) { e.Big.Neg(e.Big) },
		"an address":            func(e *everything) { e.Addr = e.Addr.Next() },
		"what is unexported":    func(e *everything) { e.hidden++ },
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			e := full()
			before := fingerprintOf(&e)
			is.True(before.known)
			change(&e)
			is.True(fingerprintOf(&e).all != before.all)
			is.Equal(fingerprintOf(&was), fingerprintOf(&was))
		})
	}
}

func TestFingerprint_OfEqualValuesIsOne(t *testing.T) {
	is := is.New(t)
	a, b := full(), full()
	b.Addr, b.Time = a.Addr, a.Time
	is.Equal(fingerprintOf(&a), fingerprintOf(&b)) // in whatever order the map is read
}

func TestFingerprint_WhatIsVisible(t *testing.T) {
	is := is.New(t)
	e := full()
	before := fingerprintOf(&e)
	e.hidden++
	is.Equal(fingerprintOf(&e).visible, before.visible) // such as a cache
	e = everything{Map: map[string][]int{}, List: []string{}}
	before = fingerprintOf(&e)
	e.Map, e.List = nil, nil
	is.Equal(fingerprintOf(&e).visible, before.visible)
	is.True(fingerprintOf(&e).all != before.all)
	zero := 0.0
	before = fingerprintOf(&zero)
	zero = math.Copysign(0, -1)
	is.True(fingerprintOf(&zero).visible != before.visible)
}

func TestFingerprint_WhatCanNotBeLookedInto(t *testing.T) {
	is := is.New(t)
	var c any = make(chan int)
	is.True(!fingerprintOf(&c).known)
	type loop struct{ Next *loop }
	l := &loop{}
	l.Next = l
	is.True(!fingerprintOf(l).known)
	var none struct{ F func() }
	is.True(fingerprintOf(&none).known) // nothing to hash
}

func TestFingerprint_Maps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.MapOf(rapid.String(), rapid.SliceOf(rapid.Int8())).Draw(t, "a")
		b := rapid.MapOf(rapid.String(), rapid.SliceOf(rapid.Int8())).Draw(t, "b")
		same := len(a) == len(b)
		for k, v := range a {
			w, ok := b[k]
			same = same && ok && string(asBytes(v)) == string(asBytes(w)) && (v == nil) == (w == nil)
		}
		if got := fingerprintOf(&a) == fingerprintOf(&b); got != (same && (a == nil) == (b == nil)) {
			t.Fatalf("%v and %v: %v", a, b, got)
		}
	})
}

func asBytes(v []int8) []byte {
	var b []byte
	for _, x := range v {
		b = append(b, byte(x))
	}
	return b
}

func TestFingerprint_IsBounded(t *testing.T) {
	type pair struct{ A, B *pair }
	shared := &pair{}
	for range 60 {
		shared = &pair{shared, shared} // as many values as no machine can look at
	}
	cycle := &pair{}
	cycle.A, cycle.B = cycle, cycle
	for name, f := range map[string]fingerprint{
		"values":  fingerprintOf(&shared),
		"a cycle": fingerprintOf(&cycle),
		"numbers": fingerprintOf(new(make([]int, most+1))),
		"text":    fingerprintOf(new(string(make([]byte, most+1)))),
		"bytes":   fingerprintOf(new(make([]byte, most+1))),
	} {
		if f.known {
			t.Errorf("%s: has a fingerprint", name)
		}
	}
}

// Whoever knows the code and chooses a number can't choose one of the same fingerprint as another.
func TestFingerprint_IsUnpredictable(t *testing.T) {
	is := is.New(t)
	predicted := walker{fingerprint{known: true}, most, 0}
	predicted.add(7, true)
	is.True(fingerprintOf(new(7)) != predicted.fingerprint)
	is.True(begin.all != begin.visible)
}

// A value in an interface that becomes one of another type is a change, even if both types have the
// same name.
func TestFingerprint_TellsTypesOfOneNameApart(t *testing.T) {
	first := func() any {
		type money int
		return money(1)
	}()
	second := func() any {
		type money int
		return money(1)
	}()
	is := is.New(t)
	is.True(fingerprintOf(&first) != fingerprintOf(&second))
}

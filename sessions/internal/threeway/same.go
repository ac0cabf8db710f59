package threeway

import (
	"bytes"
	"maps"
	"math"
	"reflect"
	"time"
)

// likeness says how strictly two values are compared.
type likeness int

const (
	// exactly finds every difference that doesn't depend on addresses: between a nil and an empty
	// slice, 0 and -0, or one instant in two time zones. NaN equals itself.
	exactly likeness = iota

	// inMeaning ignores these differences. It also takes a value in an interface for the one that a
	// decoder would put there: 5 for 5.0, []string for []any.
	inMeaning
)

// same reports whether two values of one type are deeply equal, unexported fields included.
func same(a, b reflect.Value, how likeness) bool {
	c := comparison{how: how}
	return c.same(a, b, 0)
}

type comparison struct {
	how  likeness
	seen map[pair]struct{} // pairs that are being compared, or are the same
}

// A pair identifies what two pointers, maps or slices refer to.
type pair struct {
	a, b uintptr
	t, u reflect.Type
	n    int
}

func (c *comparison) same(a, b reflect.Value, depth int) bool {
	if !a.IsValid() || !b.IsValid() {
		return a.IsValid() == b.IsValid()
	}
	if depth > maxDepth {
		return false
	}
	if a.Type() != b.Type() {
		return c.how == inMeaning && c.akin(a, b, depth)
	}
	switch a.Kind() {
	case reflect.Float32, reflect.Float64:
		return c.sameFloat(a.Float(), b.Float())
	case reflect.Complex64, reflect.Complex128:
		x, y := a.Complex(), b.Complex()
		return c.sameFloat(real(x), real(y)) && c.sameFloat(imag(x), imag(y))
	case reflect.Array:
		return c.sameElements(a, b, depth)
	case reflect.Slice:
		return c.sameSlice(a, b, depth)
	case reflect.Struct:
		return c.sameStruct(a, b, depth)
	case reflect.Map:
		return c.sameMap(a, b, depth)
	case reflect.Interface:
		return c.same(a.Elem(), b.Elem(), depth+1)
	case reflect.Pointer:
		if a.UnsafePointer() == b.UnsafePointer() {
			return true
		}
		if a.IsNil() || b.IsNil() {
			return false
		}
		return c.again(a, b, 0) || c.same(a.Elem(), b.Elem(), depth+1)
	case reflect.Func, reflect.Chan, reflect.UnsafePointer:
		return a.UnsafePointer() == b.UnsafePointer()
	}
	return a.Equal(b) // booleans, integers, strings
}

// again reports whether a and b were compared before, or are being compared.
func (c *comparison) again(a, b reflect.Value, n int) bool {
	p := pair{a.Pointer(), b.Pointer(), a.Type(), b.Type(), n}
	if _, ok := c.seen[p]; ok {
		return true
	}
	if c.seen == nil {
		c.seen = make(map[pair]struct{})
	}
	c.seen[p] = struct{}{}
	return false
}

func (c *comparison) sameFloat(x, y float64) bool {
	if c.how == inMeaning && (x == y || math.IsNaN(x) && math.IsNaN(y)) {
		return true
	}
	return math.Float64bits(x) == math.Float64bits(y)
}

func (c *comparison) sameElements(a, b reflect.Value, depth int) bool {
	for i := range a.Len() {
		if !c.same(a.Index(i), b.Index(i), depth+1) {
			return false
		}
	}
	return true
}

func (c *comparison) sameSlice(a, b reflect.Value, depth int) bool {
	if a.Len() != b.Len() || c.how == exactly && a.IsNil() != b.IsNil() {
		return false
	}
	if a.Len() == 0 || a.UnsafePointer() == b.UnsafePointer() {
		return true
	}
	if a.Type().Elem().Kind() == reflect.Uint8 {
		return bytes.Equal(a.Bytes(), b.Bytes())
	}
	return c.again(a, b, a.Len()) || c.sameElements(a, b, depth)
}

func (c *comparison) sameStruct(a, b reflect.Value, depth int) bool {
	if a.Type() == reflect.TypeFor[time.Time]() && a.CanInterface() && b.CanInterface() {
		return c.sameTime(a.Interface().(time.Time), b.Interface().(time.Time))
	}
	for i := range a.NumField() {
		if a.Type().Field(i).Name != "_" && !c.same(a.Field(i), b.Field(i), depth+1) {
			return false
		}
	}
	return true
}

// sameTime ignores the monotonic clock reading and the addresses of time zones.
func (c *comparison) sameTime(x, y time.Time) bool {
	if !x.Round(0).Equal(y.Round(0)) {
		return false
	}
	xName, xOffset := x.Zone()
	yName, yOffset := y.Zone()
	return c.how == inMeaning || xName == yName && xOffset == yOffset && x.Location().String() == y.Location().String()
}

func (c *comparison) sameMap(a, b reflect.Value, depth int) bool {
	if a.Len() != b.Len() || c.how == exactly && a.IsNil() != b.IsNil() {
		return false
	}
	if a.Len() == 0 || a.UnsafePointer() == b.UnsafePointer() || c.again(a, b, 0) {
		return true
	}
	if elusive(a) || elusive(b) {
		return c.sameElusive(a, b, depth)
	}
	for i := a.MapRange(); i.Next(); {
		v := b.MapIndex(i.Key())
		if !v.IsValid() || !c.same(i.Value(), v, depth+1) {
			return false
		}
	}
	return true
}

// elusive reports whether a map has a key that isn't equal to itself, because it is or contains
// NaN: such an entry can't be looked up.
func elusive(m reflect.Value) bool {
	switch m.Type().Key().Kind() {
	case reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128, reflect.Interface, reflect.Struct, reflect.Array:
	default:
		return false
	}
	for i := m.MapRange(); i.Next(); {
		if !m.MapIndex(i.Key()).IsValid() {
			return true
		}
	}
	return false
}

// sameElusive compares maps of one length by searching each entry of a in b.
func (c *comparison) sameElusive(a, b reflect.Value, depth int) bool {
	type entry struct{ key, value reflect.Value }
	var rest []entry
	for i := b.MapRange(); i.Next(); {
		rest = append(rest, entry{i.Key(), i.Value()})
	}
search:
	for i := a.MapRange(); i.Next(); {
		for n, e := range rest {
			// Nothing is kept of a failed comparison.
			try := comparison{how: c.how, seen: maps.Clone(c.seen)}
			if try.same(i.Key(), e.key, depth+1) && try.same(i.Value(), e.value, depth+1) {
				rest = append(rest[:n], rest[n+1:]...)
				continue search
			}
		}
		return false
	}
	return true
}

// akin compares the values in two interfaces whose types differ.
func (c *comparison) akin(a, b reflect.Value, depth int) bool {
	if a.Kind() == reflect.Interface || b.Kind() == reflect.Interface {
		return c.same(content(a), content(b), depth+1)
	}
	switch a.Kind() {
	case reflect.Bool:
		return b.Kind() == reflect.Bool && a.Bool() == b.Bool()
	case reflect.String:
		return b.Kind() == reflect.String && a.String() == b.String()
	case reflect.Slice, reflect.Array:
		return (b.Kind() == reflect.Slice || b.Kind() == reflect.Array) && a.Len() == b.Len() && c.sameElements(a, b, depth)
	case reflect.Map:
		return b.Kind() == reflect.Map && a.Len() == b.Len() && c.akinMap(a, b, depth)
	}
	return sameNumber(a, b) || sameNumber(b, a)
}

// content returns the value in an interface, and any other value unchanged.
func content(v reflect.Value) reflect.Value {
	if v.Kind() == reflect.Interface {
		return v.Elem()
	}
	return v
}

func (c *comparison) akinMap(a, b reflect.Value, depth int) bool {
	if a.Type().Key().Kind() != reflect.String || b.Type().Key().Kind() != reflect.String {
		return false
	}
	for i := a.MapRange(); i.Next(); {
		v := b.MapIndex(i.Key().Convert(b.Type().Key()))
		if !v.IsValid() || !c.same(i.Value(), v, depth+1) {
			return false
		}
	}
	return true
}

// sameNumber reports whether a and b are the same number, whatever their types. The order of the
// arguments matters.
func sameNumber(a, b reflect.Value) bool {
	switch {
	case a.CanInt() && b.CanInt():
		return a.Int() == b.Int()
	case a.CanUint() && b.CanUint():
		return a.Uint() == b.Uint()
	case a.CanInt() && b.CanUint():
		return a.Int() >= 0 && uint64(a.Int()) == b.Uint()
	case a.CanFloat() && b.CanFloat():
		return a.Float() == b.Float()
	case a.CanFloat() && b.CanInt():
		f := a.Float()
		return f >= -1<<63 && f < 1<<63 && f == math.Trunc(f) && int64(f) == b.Int()
	case a.CanFloat() && b.CanUint():
		f := a.Float()
		return f >= 0 && f < 1<<64 && f == math.Trunc(f) && uint64(f) == b.Uint()
	}
	return false
}

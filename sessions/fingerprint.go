package sessions

import (
	"hash/maphash"
	"math"
	"math/bits"
	"reflect"
	"sync"
	"time"

	"github.com/dynasession/dynasession/codec"
)

// fingerprint stands for a value of T as it was: whoever changes the value afterwards, or what it
// refers to, is seen without a copy and without encoding anything. Two values of one fingerprint
// are the same, but for a chance of one in 2^64.
type fingerprint struct {
	known   bool   // false: of a value that holds what can't be looked into, such as a channel
	all     uint64 // of everything, nil and empty told apart
	visible uint64 // of what is exported, nil and empty alike: if it differs, so does what is stored
}

// seed and begin make fingerprints of one process unpredictable: nobody can choose two values that
// have the same.
var (
	seed  = maphash.MakeSeed()
	begin = fingerprint{true, maphash.String(seed, "all"), maphash.String(seed, "visible")}
)

// fingerprintOf returns the fingerprint of the value that data points to.
func fingerprintOf[T any](data *T) fingerprint {
	w := walker{begin, most}
	w.walk(reflect.ValueOf(data).Elem(), true, 0)
	return w.fingerprint
}

// most is how much of a value is looked at, in values and in bytes of texts. What is more can't be
// saved, as far as codecs see it.
const most = 8 * codec.EncodeLimit

// walker goes through a value.
type walker struct {
	fingerprint
	left int // of most
}

// take notes that n more is looked at, and reports whether it may be.
func (w *walker) take(n int) bool {
	if w.left -= n; w.left < 0 {
		w.known = false
	}
	return w.known
}

// deepest is how deep it goes. A cycle is deeper.
const deepest = 100

func mix(h, x uint64) uint64 {
	hi, lo := bits.Mul64(h^x^0x9e3779b97f4a7c15, 0xff51afd7ed558ccd)
	return hi ^ lo
}

func (w *walker) add(x uint64, visible bool) {
	w.all = mix(w.all, x)
	if visible {
		w.visible = mix(w.visible, x)
	}
}

// hidden adds what only all is to know.
func (w *walker) hidden(x bool) {
	if x {
		w.all = mix(w.all, 1)
	}
}

func (w *walker) walk(v reflect.Value, visible bool, depth int) {
	if depth > deepest {
		w.known = false
	}
	if !w.take(1) {
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		x := uint64(0)
		if v.Bool() {
			x = 1
		}
		w.add(x, visible)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		w.add(uint64(v.Int()), visible)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		w.add(v.Uint(), visible)
	case reflect.Float32, reflect.Float64:
		w.add(math.Float64bits(v.Float()), visible) // 0 and -0 differ
	case reflect.Complex64, reflect.Complex128:
		w.add(math.Float64bits(real(v.Complex())), visible)
		w.add(math.Float64bits(imag(v.Complex())), visible)
	case reflect.String:
		if w.take(v.Len()) {
			w.add(maphash.String(seed, v.String()), visible)
		}
	case reflect.Slice:
		w.hidden(v.IsNil())
		w.elements(v, visible, depth)
	case reflect.Array:
		w.elements(v, visible, depth)
	case reflect.Map:
		w.hidden(v.IsNil())
		w.entries(v, visible, depth)
	case reflect.Pointer:
		w.pointer(v, visible, depth)
	case reflect.Interface:
		if v.IsNil() {
			w.add(0, visible)
			return
		}
		w.add(maphash.String(seed, v.Elem().Type().String()), visible)
		w.walk(v.Elem(), visible, depth+1)
	case reflect.Struct:
		w.fields(v, visible, depth)
	default: // a function, a channel, an unsafe pointer
		w.known = v.IsZero()
	}
}

func (w *walker) elements(v reflect.Value, visible bool, depth int) {
	w.add(uint64(v.Len()), visible)
	if v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8 {
		if w.take(v.Len()) {
			w.add(maphash.Bytes(seed, v.Bytes()), visible)
		}
		return
	}
	for i := 0; i < v.Len() && w.known; i++ {
		w.walk(v.Index(i), visible, depth+1)
	}
}

// entries adds the sum of what each entry is by itself, as they have no order.
func (w *walker) entries(v reflect.Value, visible bool, depth int) {
	var sum fingerprint
	for entries := v.MapRange(); entries.Next() && w.known; {
		one := walker{begin, w.left}
		one.walk(entries.Key(), visible, depth+1)
		one.walk(entries.Value(), visible, depth+1)
		w.known, w.left = one.known, one.left
		sum.all, sum.visible = sum.all+one.all, sum.visible+one.visible
	}
	w.add(uint64(v.Len()), visible)
	w.all, w.visible = mix(w.all, sum.all), mix(w.visible, sum.visible)
}

var (
	typeOfTime     = reflect.TypeFor[time.Time]()
	typeOfLocation = reflect.TypeFor[*time.Location]()
)

func (w *walker) pointer(v reflect.Value, visible bool, depth int) {
	switch {
	case v.IsNil():
		w.add(0, visible)
	case v.Type() == typeOfLocation: // large, and never changes
		w.add(uint64(v.Pointer()), visible)
	default:
		w.add(1, visible)
		w.walk(v.Elem(), visible, depth+1)
	}
}

func (w *walker) fields(v reflect.Value, visible bool, depth int) {
	for i, shown := range shownFields(v.Type()) {
		w.walk(v.Field(i), visible && shown, depth+1)
	}
}

// shown holds, by the type of a struct, which of its fields a codec may see: []bool.
var shown sync.Map

func shownFields(t reflect.Type) []bool {
	if known, ok := shown.Load(t); ok {
		return known.([]bool)
	}
	fields := make([]bool, t.NumField())
	for i := range fields {
		f := t.Field(i)
		fields[i] = f.IsExported() || f.Anonymous || t == typeOfTime
	}
	shown.Store(t, fields)
	return fields
}

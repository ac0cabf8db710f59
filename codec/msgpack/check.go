package msgpack

import (
	"encoding/binary"
	"math"
	"reflect"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/internal/fault"
	"github.com/dynasession/dynasession/codec/internal/shape"
)

// span is the range of the whole numbers in a value. Numbers from 0 to 127 fit everywhere and
// needn't be added.
type span struct {
	low  int64
	high uint64
}

// add extends the span by b, a complete value with this head, if it is a number.
func (s *span) add(b []byte) {
	switch low, high, ok := number(b); {
	case !ok:
	case low < 0:
		s.low = min(s.low, low)
	default:
		s.high = max(s.high, high)
	}
}

// number returns the whole number b: as low if it is negative, otherwise as high.
func number(b []byte) (low int64, high uint64, ok bool) {
	c := b[0]
	switch {
	case c <= 0x7f:
		return 0, uint64(c), true
	case c >= 0xe0:
		return int64(int8(c)), 0, true
	}
	switch c {
	case 0xcc:
		return 0, uint64(b[1]), true
	case 0xcd:
		return 0, uint64(binary.BigEndian.Uint16(b[1:])), true
	case 0xce:
		return 0, uint64(binary.BigEndian.Uint32(b[1:])), true
	case 0xcf:
		return 0, binary.BigEndian.Uint64(b[1:]), true
	case 0xd0:
		low = int64(int8(b[1]))
	case 0xd1:
		low = int64(int16(binary.BigEndian.Uint16(b[1:])))
	case 0xd2:
		low = int64(int32(binary.BigEndian.Uint32(b[1:])))
	case 0xd3:
		low = int64(binary.BigEndian.Uint64(b[1:]))
	default:
		return 0, 0, false
	}
	if low >= 0 {
		return 0, uint64(low), true
	}
	return low, 0, true
}

// check refuses b, a harmless value whose numbers have this span, if the decoder would truncate a
// number that doesn't fit into a narrower type, or allocate too many elements. Most values can't
// have either, and a quick look shows it.
func check(b []byte, numbers span, plan *shape.Plan) error {
	if numbers.low >= plan.Low && numbers.high <= plan.High && !plan.Bigs && fewElements(b, plan) {
		return nil
	}
	c := checker{b: b, left: codec.DecodeLimit}
	_, err := c.value(0, plan)
	return err
}

// fewElements reports whether the elements in b can't take more memory than codec.DecodeLimit.
func fewElements(b []byte, plan *shape.Plan) bool {
	return len(b) <= codec.DecodeLimit/max(plan.Unit, 1) // no product, which could overflow
}

type checker struct {
	b    []byte
	left int // the rest of codec.DecodeLimit
}

// take takes n elements of this size from the rest. It forms no product that could overflow.
func (c *checker) take(n, size int) error {
	if size > 0 && n > c.left/size {
		return fault.New(nil, "msgpack: its elements would take more than %d bytes of memory", codec.DecodeLimit)
	}
	c.left -= n * size
	return nil
}

// value checks the value that begins at i, and returns its end.
func (c *checker) value(i int, plan *shape.Plan) (end int, err error) {
	for plan.Kind == shape.Pointer {
		if c.b[i] != codeNil {
			if err := c.take(1, plan.ElementSize()); err != nil {
				return 0, err
			}
		}
		plan = plan.Elem
	}
	t, err := read(c.b[i:])
	if err != nil {
		return 0, err
	}
	inside := i + t.head + t.body
	switch {
	case plan.Big != nil:
		if err := plan.CheckBig(c.b[i+t.head : inside]); err != nil {
			return 0, fault.New(nil, "msgpack: %v", err)
		}
	case plan.Scalar:
		if err := fits(c.b[i:inside], plan.Type); err != nil {
			return 0, err
		}
	case t.isMap:
		return c.entries(inside, t.items/2, plan)
	case plan.Kind == shape.List && t.items > 0:
		if err := c.take(t.items, plan.ElementSize()); err != nil {
			return 0, err
		}
		return c.elements(inside, t.items, plan.Elem)
	case plan.Kind == shape.Struct: // a struct without names
		for m := range plan.Members {
			if t.items == 0 || plan.Members[m].Hidden {
				continue
			}
			if inside, err = c.value(inside, plan.Members[m].Plan); err != nil {
				return 0, err
			}
			t.items--
		}
	case plan.Kind == shape.Array:
		return c.elements(inside, t.items, plan.Elem)
	case plan.Kind == shape.Any:
		if err := c.take(1, shape.AnySize(false, 0)); err != nil {
			return 0, err
		}
		return c.elements(inside, t.items, plan)
	}
	return c.skip(inside, t.items)
}

func (c *checker) elements(i, n int, elem *shape.Plan) (end int, err error) {
	if elem.Kind == shape.Opaque && !elem.Scalar && elem.Big == nil {
		return c.skip(i, n)
	}
	for range n {
		if i, err = c.value(i, elem); err != nil {
			return 0, err
		}
	}
	return i, nil
}

func (c *checker) entries(i, n int, plan *shape.Plan) (end int, err error) {
	switch plan.Kind {
	case shape.Map:
		err = c.take(n, plan.ElementSize())
	case shape.Any:
		err = c.take(1, shape.AnySize(true, n))
	case shape.Struct:
	default:
		return c.skip(i, 2*n)
	}
	for range n {
		if err != nil {
			return 0, err
		}
		var below *shape.Plan
		from := i
		if i, err = c.skip(i, 1); err != nil {
			return 0, err
		}
		switch plan.Kind {
		case shape.Map:
			if plan.KeyPlan.Scalar {
				if err := fits(c.b[from:i], plan.Key); err != nil {
					return 0, err
				}
			}
			below = plan.Elem
		case shape.Any:
			below = plan
		default:
			if name, ok := nameOf(c.b[from:i], plan); ok {
				if m, _, ok := plan.Find(name); ok {
					below = plan.Members[m].Plan
				}
			}
		}
		if below != nil {
			i, err = c.value(i, below)
		} else {
			i, err = c.skip(i, 1)
		}
	}
	return i, err
}

// skip returns the end of n values, of which the first begins at i.
func (c *checker) skip(i, n int) (end int, err error) {
	for ; n > 0; n-- {
		t, err := read(c.b[i:])
		if err != nil {
			return 0, err
		}
		i += t.head + t.body
		n += t.items
	}
	return i, nil
}

// fits refuses a whole number that a value of t can't hold.
func fits(b []byte, t reflect.Type) error {
	low, high, ok := number(b)
	if !ok {
		return nil // the decoder says what is wrong
	}
	switch t.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		ok = high <= math.MaxInt64 && !t.OverflowInt(low) && !t.OverflowInt(int64(high))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		ok = low >= 0 && !t.OverflowUint(high)
	case reflect.Float32:
		ok = high <= math.MaxInt64 && (float64(float32(low)) == float64(low) && int64(float32(low)) == low) && uint64(float32(high)) == high
	case reflect.Float64:
		ok = high <= math.MaxInt64 && int64(float64(low)) == low && uint64(float64(high)) == high
	}
	if !ok {
		return fault.New(nil, "msgpack: a number is out of the range of %v", t)
	}
	return nil
}

// Package shape tells, from a Go type alone, what a codec can't keep of its values, and from a
// value what its type didn't show.
//
// The encoders under the codecs drop such things in silence, or write what they can't read back.
// Found here, they are an error when a Manager is made, or of Encode, that names the field.
package shape

import (
	"encoding/json"
	"reflect"
	"sync"
)

// Format is what a codec's encoder does, as far as it matters here.
type Format struct {
	// Tag is the struct tag that the encoder reads besides `json`; empty if there is none.
	Tag string

	// Methods are the pairs of interfaces by which a type encodes and decodes itself, in the
	// encoder's order of preference.
	Methods []Methods

	// Leaf reports whether the encoder keeps a type of which it sees no fields. May be nil.
	Leaf func(reflect.Type) bool

	// Field refuses a field for reasons of the format's own, or tells that its type, known to be
	// kept, needs no look. May be nil.
	Field func(reflect.StructField) (known bool, err error)

	// BytesInInterface: a []byte in an interface comes back as one.
	BytesInInterface bool

	// NumberInInterface: a json.Number in an interface comes back as one, or as a number.
	NumberInInterface bool

	// NoPointerToInterface: the encoder drops what a pointer to an interface points to.
	NoPointerToInterface bool

	// NoTypedBytes: the encoder fails at a list of bytes that have a type of their own.
	NoTypedBytes bool

	// NilEmbedded: a nil embedded pointer comes back as nil.
	NilEmbedded bool

	// OwnTagFirst: the encoder's own tag, where there is one, is read in the place of `json`, and
	// not the other way round.
	OwnTagFirst bool

	// Folds: the decoder takes a name that differs from a field's in case only.
	Folds bool

	shapes sync.Map // of reflect.Type to *result
	sizes  sync.Map // of reflect.Type to *size
}

// Methods are the two interfaces by which a type encodes itself and decodes itself again.
type Methods struct {
	Encode, Decode reflect.Type
	Name           string // of Encode's method
}

// Shape is what is known of a type.
type Shape struct {
	// Custom: some type in it encodes itself, so that only decoding shows whether what it writes
	// can be read.
	Custom bool

	// Interfaces: it holds values whose type is known at run time only.
	Interfaces bool

	// TakesNull: the format's null is a value of it.
	TakesNull bool

	// Maps: it holds maps, which have no order.
	Maps bool

	// CustomPointers: it holds pointers to types that encode themselves.
	CustomPointers bool

	// Raw: it holds a json.RawMessage that is written as it is.
	Raw bool

	// Loose: a value may hold what the format can't keep although the type may be kept; see
	// [Shape.Check].
	Loose bool

	// Plan is what the format makes of the type.
	Plan *Plan

	format *Format
	size   *size
}

type result struct {
	shape *Shape
	err   error
}

// Of returns the shape of t, or an error that names the field whose type can't be kept. It is cheap
// for a type seen before.
func (f *Format) Of(t reflect.Type) (*Shape, error) {
	if r, ok := f.shapes.Load(t); ok {
		r := r.(*result)
		return r.shape, r.err
	}
	w := walk{format: f, shape: &Shape{format: f}, seen: map[visit]bool{}, open: map[reflect.Type]bool{}}
	r := &result{shape: w.shape, err: w.root(t)}
	w.shape.TakesNull = nilable(t) || f.decodesItself(t) || t == reflect.TypeFor[json.Number]()
	if r.err == nil {
		w.shape.Plan = f.plan(t)
		w.shape.size = f.sizeOf(t)
	}
	f.shapes.Store(t, r)
	return r.shape, r.err
}

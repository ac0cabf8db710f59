// Package shape finds the Go types that a codec can't keep, and the values of other types that it
// can't.
//
// The encoders below the codecs silently drop such values, or write them in a form that they can't
// read back. This package makes them an error that names the field, when a Manager is made or at
// Encode.
package shape

import (
	"encoding/json"
	"reflect"
	"sync"
)

// Format describes a codec's encoder.
type Format struct {
	// Tag is the struct tag that the encoder reads besides `json`; empty if there is none.
	Tag string

	// ParseTag returns the name and the options of a tag as the encoder reads them; an option
	// without a value has an empty one. Nil: they are separated by commas.
	ParseTag func(tag string) (name string, options map[string]string)

	// Methods are the pairs of interfaces by which a type encodes and decodes itself, in the
	// encoder's order of preference.
	Methods []Methods

	// Leaf reports whether the encoder keeps a type although it sees none of its fields. May be
	// nil.
	Leaf func(reflect.Type) bool

	// Field refuses a field that this format can't keep, or reports that the format keeps its type,
	// so that it needs no check. May be nil.
	Field func(reflect.StructField) (known bool, err error)

	// BytesInInterface means that a []byte in an interface comes back as one.
	BytesInInterface bool

	// NumberInInterface means that a json.Number in an interface comes back as one, or as a number.
	NumberInInterface bool

	// NoPointerToInterface means that the encoder drops the target of a pointer to an interface.
	NoPointerToInterface bool

	// NoTypedBytes means that the encoder fails at a list of a named byte type.
	NoTypedBytes bool

	// PrintsKeys means that the key of a map is stored as the text that fmt prints of it, unless it
	// has MarshalText.
	PrintsKeys bool

	// NilEmbedded means that a nil embedded pointer comes back as nil.
	NilEmbedded bool

	// OwnTagFirst means that the encoder's own tag, if a field has one, replaces `json`. Otherwise
	// `json` replaces the encoder's own tag.
	OwnTagFirst bool

	// TimesAsText means that a time is written in the form of RFC 3339.
	TimesAsText bool

	// Folds means that the decoder accepts a name that differs from a field's only in case.
	Folds bool

	shapes sync.Map // of reflect.Type to *result
	sizes  sync.Map // of reflect.Type to *size
	tags   sync.Map // of reflect.StructTag to fieldTag
}

// Methods are the two interfaces by which a type encodes and decodes itself.
type Methods struct {
	Encode, Decode reflect.Type
	Name           string // of Encode's method
}

// Shape has the properties of a type that a codec needs.
type Shape struct {
	// Custom reports whether a type in it encodes itself, so that only decoding shows whether its
	// output can be read.
	Custom bool

	// Interfaces reports whether it holds values whose type is known only at run time.
	Interfaces bool

	// TakesNull reports whether the format's null is a value of the type.
	TakesNull bool

	// Maps reports whether it holds maps, which have no order.
	Maps bool

	// CustomPointers reports whether it holds pointers to types that encode themselves.
	CustomPointers bool

	// CustomKeys reports whether it holds maps whose keys encode themselves.
	CustomKeys bool

	// Raw reports whether it holds a json.RawMessage that is written unchanged.
	Raw bool

	// Loose reports whether the format can't keep some values although it keeps the type; see
	// [Shape.Check].
	Loose bool

	// Plan says how the format encodes the type.
	Plan *Plan

	format *Format
	size   *size
	times  *times
}

type result struct {
	shape *Shape
	err   error
}

// Of returns the shape of t, or an error that names the field whose type can't be kept. Shapes are
// cached.
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
		w.shape.times = f.timesOf(t)
	}
	f.shapes.Store(t, r)
	return r.shape, r.err
}

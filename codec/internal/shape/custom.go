package shape

import (
	"encoding"
	"encoding/json"
	"math/big"
	"reflect"
	"runtime"
	"slices"
	"time"
)

var (
	jsonMethods = Methods{reflect.TypeFor[json.Marshaler](), reflect.TypeFor[json.Unmarshaler](), "MarshalJSON"}
	textMethods = Methods{reflect.TypeFor[encoding.TextMarshaler](), reflect.TypeFor[encoding.TextUnmarshaler](), "MarshalText"}
	binMethods  = Methods{reflect.TypeFor[encoding.BinaryMarshaler](), reflect.TypeFor[encoding.BinaryUnmarshaler](), "MarshalBinary"}
)

// JSONMethods returns the methods that encoding/json calls: MarshalJSON and UnmarshalJSON, before
// them MarshalJSONTo and UnmarshalJSONFrom if this program's encoding/json knows them, and
// MarshalText and UnmarshalText.
func JSONMethods() []Methods { return append(slices.Clone(streamMethods), jsonMethods, textMethods) }

// TextMethods returns MarshalText and UnmarshalText.
func TextMethods() Methods { return textMethods }

// BinaryMethods returns MarshalBinary and UnmarshalBinary.
func BinaryMethods() Methods { return binMethods }

// custom checks a type that encodes itself. It is done if the encoder calls t's own method.
func (w *walk) custom(t reflect.Type, addressable bool, path string) (done bool, err error) {
	switch t {
	case reflect.TypeFor[time.Time](), reflect.TypeFor[json.Number]():
		w.shape.Loose = w.shape.Loose || (w.format.Tag == "" && t != reflect.TypeFor[time.Time]())
		return true, nil // every format keeps this type
	case reflect.TypeFor[json.RawMessage]():
		if w.format.Tag == "" {
			w.shape.Raw, w.shape.Loose = true, true
		}
	case reflect.TypeFor[big.Float]():
		return false, refuse(path, "big.Float would come back rounded to 64 bits: take a big.Rat, or its text")
	}
	if t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface {
		return false, nil // visit checks the type that it points to
	}
	pointer := reflect.PointerTo(t)
	if w.format.Tag == "" && onlyAppends(t) {
		return false, refuse(path, "%v has AppendText and no MarshalText: releases of Go encode it differently", t)
	}
	for _, m := range w.format.Methods {
		if !pointer.Implements(m.Encode) {
			continue
		}
		if !decodes(pointer, m) {
			return false, refuse(path, "%v has %s and no method to decode it again", t, m.Name)
		}
		if !t.Implements(m.Encode) && !addressable {
			return false, refuse(path, "%s of %v has a pointer receiver, and is not called for the value of a map: use a pointer as the value", m.Name, t)
		}
		if promotedFromOne(t, m.Name) {
			return false, refuse(path, "%v has %s from a type that it embeds: its other fields would not be stored", t, m.Name)
		}
		w.shape.Custom = true
		w.shape.Loose = w.shape.Loose || bigOf(t) != nil
		return true, nil
	}
	if w.format.decodesItself(t) {
		w.shape.Custom = true
	}
	// A type with encoding/json's methods may have fields that no other encoder sees.
	if w.format.Tag != "" && t.Kind() == reflect.Struct && encodesAsJSON(pointer) && hidesFields(t) {
		return false, refuse(path, "%v encodes itself as JSON only: its unexported fields would not be stored", t)
	}
	return false, nil
}

// decodes reports whether a pointer type has a method that decodes what m encodes.
func decodes(pointer reflect.Type, m Methods) bool {
	asJSON := append(slices.Clone(streamMethods), jsonMethods)
	return pointer.Implements(m.Decode) || slices.Contains(asJSON, m) &&
		slices.ContainsFunc(asJSON, func(also Methods) bool { return pointer.Implements(also.Decode) })
}

func encodesAsJSON(pointer reflect.Type) bool {
	return slices.ContainsFunc(append(slices.Clone(streamMethods), jsonMethods), func(m Methods) bool { return pointer.Implements(m.Encode) })
}

// onlyAppends reports whether t has AppendText without MarshalText. Since Go 1.27 encoding/json
// calls AppendText; before, it encoded such a type by its fields.
func onlyAppends(t reflect.Type) bool {
	pointer := reflect.PointerTo(t)
	return pointer.Implements(reflect.TypeFor[encoding.TextAppender]()) &&
		!pointer.Implements(textMethods.Encode) && !encodesAsJSON(pointer)
}

// decodesItself reports whether t has a method that decodes it. It is false for the types that
// every format keeps.
func (f *Format) decodesItself(t reflect.Type) bool {
	if t == reflect.TypeFor[time.Time]() {
		return false
	}
	for _, m := range f.Methods {
		if reflect.PointerTo(t).Implements(m.Decode) {
			return true
		}
	}
	return false
}

// encodesItself reports whether t, or a pointer to it, has a method that encodes it.
func (f *Format) encodesItself(t reflect.Type) bool {
	for _, m := range f.Methods {
		if reflect.PointerTo(t).Implements(m.Encode) {
			return true
		}
	}
	return false
}

// promotedFromOne reports whether the struct t has the method from one of several fields: its own,
// or those of a struct that is all that it embeds.
func promotedFromOne(t reflect.Type, method string) bool {
	for promoted(t, method) {
		if t.NumField() > 1 {
			return true
		}
		if t = t.Field(0).Type; t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
	}
	return false
}

// promoted reports whether the struct t has the method only because it embeds a type: the compiler
// generates such a method, so it has no source file.
func promoted(t reflect.Type, method string) bool {
	if t.Kind() != reflect.Struct {
		return false
	}
	m, ok := t.MethodByName(method)
	if !ok {
		m, ok = reflect.PointerTo(t).MethodByName(method)
	}
	if !ok {
		return false
	}
	file, _ := runtime.FuncForPC(m.Func.Pointer()).FileLine(m.Func.Pointer())
	return file == "<autogenerated>"
}

func hidesFields(t reflect.Type) bool {
	for i := range t.NumField() {
		if f := t.Field(i); !f.IsExported() && !f.Anonymous {
			return true
		}
	}
	return false
}

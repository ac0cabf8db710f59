// Package generic converts the values that decoders put in interfaces to the types that the codecs
// promise.
package generic

import (
	"encoding/json"
	"reflect"
)

// Numbers walks through v, which has just been decoded. It converts each number in an interface
// that is kept as text, such as a json.Number, to a float64, or to a json.Number if a float64 would
// change its value. v must be settable.
func Numbers(v reflect.Value) {
	switch v.Kind() {
	case reflect.Interface:
		if v.NumMethod() == 0 && !v.IsNil() && v.CanSet() {
			v.Set(reflect.ValueOf(any(Value(v.Interface()))))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			Numbers(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() || f.Anonymous {
				Numbers(v.Field(i))
			}
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			Numbers(v.Index(i))
		}
	case reflect.Map:
		values(v)
	}
}

// values does the same for the values of a map, which aren't addressable.
func values(m reflect.Value) {
	if !holds(m.Type().Elem()) {
		return
	}
	for i := m.MapRange(); i.Next(); {
		e := reflect.New(m.Type().Elem()).Elem()
		e.Set(i.Value())
		Numbers(e)
		m.SetMapIndex(i.Key(), e)
	}
}

// holds reports whether a value of t may hold an interface.
func holds(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Interface, reflect.Struct, reflect.Slice, reflect.Array, reflect.Map, reflect.Pointer:
		return true
	}
	return false
}

// number is json.Number or the SDK's attributevalue.Number.
type number interface {
	String() string
	Int64() (int64, error)
	Float64() (float64, error)
}

// Value is Numbers for a value in an interface.
func Value(v any) any {
	switch v := v.(type) {
	case number:
		return Number(json.Number(v.String()))
	case []any:
		for i := range v {
			v[i] = Value(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = Value(v[k])
		}
	}
	return v
}

// RawNulls walks through v, which has just been decoded, and sets each json.RawMessage that is null
// to nil. v must be settable.
func RawNulls(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			RawNulls(v.Elem())
		}
	case reflect.Struct:
		if reflect.PointerTo(v.Type()).Implements(reflect.TypeFor[json.Unmarshaler]()) {
			return // the type decodes itself
		}
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() || f.Anonymous {
				RawNulls(v.Field(i))
			}
		}
	case reflect.Slice, reflect.Array:
		if v.Type() == reflect.TypeFor[json.RawMessage]() {
			if string(v.Bytes()) == "null" && v.CanSet() {
				v.SetZero()
			}
			return
		}
		if holds(v.Type().Elem()) {
			for i := range v.Len() {
				RawNulls(v.Index(i))
			}
		}
	case reflect.Map:
		if !holds(v.Type().Elem()) {
			return
		}
		for i := v.MapRange(); i.Next(); {
			e := reflect.New(v.Type().Elem()).Elem()
			e.Set(i.Value())
			RawNulls(e)
			v.SetMapIndex(i.Key(), e)
		}
	}
}

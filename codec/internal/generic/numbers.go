// Package generic puts what decoders leave in interfaces into the forms that the codecs promise.
package generic

import (
	"encoding/json"
	"reflect"
)

// Numbers walks through v, which has just been decoded, and makes each number that stands in an
// interface as a text, a json.Number say, a float64, or a json.Number if that would change its
// value. v must be settable.
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

// values does the values of a map, which are no variables.
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

// number is json.Number, and attributevalue's.
type number interface {
	String() string
	Int64() (int64, error)
	Float64() (float64, error)
}

// Value is Numbers for what an interface holds.
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

// RawNulls walks through v, which has just been decoded, and makes each json.RawMessage that is
// null a nil one. v must be settable.
func RawNulls(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			RawNulls(v.Elem())
		}
	case reflect.Struct:
		if reflect.PointerTo(v.Type()).Implements(reflect.TypeFor[json.Unmarshaler]()) {
			return // it knows what it means
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

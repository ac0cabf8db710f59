package codectest

import (
	"fmt"
	"math"
	"reflect"
	"time"
)

// same reports whether a and b are equal in everything that a codec keeps, and where they differ if
// not.
func same(a, b reflect.Value, path string) (at string, ok bool) {
	if a.IsValid() != b.IsValid() || (a.IsValid() && a.Type() != b.Type()) {
		return path, false
	}
	if !a.IsValid() {
		return "", true
	}
	if a.Type() == reflect.TypeFor[time.Time]() {
		return path, a.Interface().(time.Time).Equal(b.Interface().(time.Time))
	}
	switch a.Kind() {
	case reflect.Float32, reflect.Float64:
		return path, a.Float() == b.Float() || (math.IsNaN(a.Float()) && math.IsNaN(b.Float()))
	case reflect.Pointer, reflect.Interface:
		if a.IsNil() || b.IsNil() {
			return path, a.IsNil() == b.IsNil()
		}
		return same(a.Elem(), b.Elem(), path)
	case reflect.Slice, reflect.Array:
		if a.Kind() == reflect.Slice && a.IsNil() != b.IsNil() || a.Len() != b.Len() {
			return path, false
		}
		for i := range a.Len() {
			if at, ok := same(a.Index(i), b.Index(i), fmt.Sprintf("%s[%d]", path, i)); !ok {
				return at, false
			}
		}
		return "", true
	case reflect.Map:
		return sameMaps(a, b, path)
	case reflect.Struct:
		return sameFields(a, b, path)
	}
	return path, a.Interface() == b.Interface()
}

func sameMaps(a, b reflect.Value, path string) (at string, ok bool) {
	if a.IsNil() != b.IsNil() || a.Len() != b.Len() {
		return path, false
	}
	for i := a.MapRange(); i.Next(); {
		v := b.MapIndex(i.Key())
		if !v.IsValid() {
			return path, false
		}
		if at, ok := same(i.Value(), v, path+"[]"); !ok {
			return at, false
		}
	}
	return "", true
}

func sameFields(a, b reflect.Value, path string) (at string, ok bool) {
	for i := range a.NumField() {
		f := a.Type().Field(i)
		if !f.IsExported() && (!f.Anonymous || f.Type.Kind() != reflect.Struct) || f.Tag.Get("json") == "-" {
			continue
		}
		if at, ok := same(a.Field(i), b.Field(i), path+"."+f.Name); !ok {
			return at, false
		}
	}
	return "", true
}

// scramble changes, in place, all memory that v refers to.
func scramble(v reflect.Value) {
	switch v.Kind() {
	case reflect.Slice:
		for i := range v.Len() {
			scramble(v.Index(i))
			if e := v.Index(i); e.CanSet() {
				e.SetZero()
				if e.Kind() == reflect.Uint8 {
					e.SetUint(0xaa)
				}
			}
		}
	case reflect.Array:
		for i := range v.Len() {
			scramble(v.Index(i))
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			scramble(v.MapIndex(k))
			v.SetMapIndex(k, reflect.Value{})
		}
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			scramble(v.Elem())
			if e := v.Elem(); e.CanSet() {
				e.SetZero()
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				scramble(v.Field(i))
			}
		}
	}
}

func text(v any) string { return fmt.Sprint(v) }

package threeway

import (
	"reflect"
	"time"
)

// clone returns a copy of v that shares no memory with it that can be reached through exported
// fields, maps, slices, arrays, interfaces and pointers. It can't copy what a type hides in
// unexported fields: a pointer to a type that encodes itself, such as *big.Int, is returned
// unchanged.
func clone(v reflect.Value) reflect.Value {
	c := copying{}
	return c.copy(v, 0)
}

// copying has the copies of the pointers, maps and slices met so far, so that two references to one
// value become two references to one copy.
type copying map[pair]reflect.Value

func (c *copying) copy(v reflect.Value, depth int) reflect.Value {
	if depth > maxDepth || !refers(v.Type()) {
		return v
	}
	depth++
	switch v.Kind() {
	case reflect.Interface:
		if v.IsNil() {
			return v
		}
		return c.copy(v.Elem(), depth)
	case reflect.Struct, reflect.Array:
		out := reflect.New(v.Type()).Elem()
		out.Set(v)
		c.fill(out, depth)
		return out
	case reflect.Pointer, reflect.Map, reflect.Slice:
		if v.IsNil() {
			return v
		}
	default:
		return v
	}
	key := pair{a: v.Pointer(), t: v.Type()}
	if v.Kind() == reflect.Slice {
		key.n = v.Len()
	}
	if found, ok := (*c)[key]; ok {
		return found
	}
	return c.copyReference(v, key, depth)
}

func (c *copying) copyReference(v reflect.Value, key pair, depth int) reflect.Value {
	switch v.Kind() {
	case reflect.Pointer:
		elem := v.Type().Elem()
		if p := planOf(elem); p.whole && p.shares && elem != reflect.TypeFor[time.Time]() {
			return v
		}
		p := reflect.New(elem)
		out := p.Convert(v.Type())
		(*c)[key] = out
		p.Elem().Set(v.Elem())
		c.fill(p.Elem(), depth)
		return out
	case reflect.Slice:
		out := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		(*c)[key] = out
		reflect.Copy(out, v)
		if refers(v.Type().Elem()) {
			c.fill(out, depth)
		}
		return out
	}
	out := reflect.MakeMapWithSize(v.Type(), v.Len())
	(*c)[key] = out
	for i := v.MapRange(); i.Next(); {
		out.SetMapIndex(i.Key(), c.copy(i.Value(), depth))
	}
	return out
}

// fill replaces everything that v, an addressable value, refers to with copies.
func (c *copying) fill(v reflect.Value, depth int) {
	switch v.Kind() {
	case reflect.Struct:
		p := planOf(v.Type())
		for _, f := range p.fields {
			field := v.FieldByIndex(f.index)
			field.Set(c.copy(field, depth))
		}
	case reflect.Array, reflect.Slice:
		for i := range v.Len() {
			v.Index(i).Set(c.copy(v.Index(i), depth))
		}
	default:
		v.Set(c.copy(v, depth))
	}
}

// refers reports whether values of t may refer to memory that other values share.
func refers(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Interface, reflect.Struct, reflect.Map, reflect.Pointer, reflect.Slice:
		return true
	case reflect.Array:
		return refers(t.Elem())
	}
	return false
}

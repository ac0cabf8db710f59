package shape

import (
	"encoding/json"
	"reflect"
)

// dynamic refuses the value in an interface if another would come back: a struct comes back as a
// map, a time as a text.
func (c *check) dynamic(v reflect.Value, at *step) error {
	t := v.Type()
	switch t.Kind() {
	case reflect.Slice, reflect.Array:
		// The encoder makes a set from it.
		if c.format.BytesInInterface && t == reflect.TypeFor[[][]byte]() {
			return refuse(at.String(), "%v in an interface would come back as something else", t)
		}
		if t.Elem().Kind() == reflect.Uint8 && (!c.format.BytesInInterface || t != reflect.TypeFor[[]byte]()) {
			return refuse(at.String(), "%v in an interface would come back as something else", t)
		}
	case reflect.Map:
		if t.Key().Kind() != reflect.String || c.format.encodesKey(t.Key()) {
			return refuse(at.String(), "%v in an interface would come back as a map of texts", t)
		}
	case reflect.Bool, reflect.String, reflect.Float32, reflect.Float64,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
	default:
		return refuse(at.String(), "%v in an interface would come back as something else", t)
	}
	if c.ownEncoder(t) || (t == reflect.TypeFor[json.Number]() && !c.format.NumberInInterface) {
		return refuse(at.String(), "%v in an interface would come back as something else", t)
	}
	// Its elements, of whatever type, come back as if they had been in interfaces.
	if t.Kind() == reflect.Slice || t.Kind() == reflect.Array || t.Kind() == reflect.Map {
		return c.elements(v, at)
	}
	return nil
}

// elements checks all elements at once by their type, as dynamic would one by one.
func (c *check) elements(v reflect.Value, at *step) error {
	e := v.Type().Elem()
	if e.Kind() == reflect.Interface || e.Kind() == reflect.Uint8 {
		return nil // checked one by one; or bytes
	}
	if c.generic[e] {
		return nil
	}
	c.generic[e] = true
	return c.dynamic(reflect.New(e).Elem(), at.elem("[]"))
}

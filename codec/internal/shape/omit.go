package shape

import (
	"reflect"
	"strings"
	"time"
)

type zeroer interface{ IsZero() bool }

var zeroerType = reflect.TypeFor[zeroer]()

// omission says which values of a field an encoder omits because of its tag.
type omission int

const (
	omitsNothing omission = iota // only the zero value, or an empty slice or map
	omitsByValue                 // also some other values: see omitted
	omitsAll                     // all values
)

// omits returns which values of the field the encoder omits.
func (f *Format) omits(sf reflect.StructField) omission {
	if sf.Type == reflect.TypeFor[time.Time]() || !strings.Contains(string(sf.Tag), "omit") {
		return omitsNothing
	}
	tag, t := f.tagOf(sf), sf.Type
	switch {
	case f.Tag == "" && tag.has("omitzero"):
		if t.Implements(zeroerType) || reflect.PointerTo(t).Implements(zeroerType) {
			return omitsByValue
		}
	case f.Tag == "msgpack" && tag.has("omitempty"):
		return f.omitsEmpty(t)
	case f.Tag == "dynamodbav" && tag.has("omitempty"):
		if t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Pointer { // it looks at the target of both
			return omitsByValue
		}
	}
	return omitsNothing
}

// omitsEmpty returns which values of t the msgpack encoder omits if they are empty.
func (f *Format) omitsEmpty(t reflect.Type) omission {
	switch {
	case t == reflect.TypeFor[time.Time]():
	case t.Kind() == reflect.Interface || t.Implements(zeroerType):
		return omitsByValue
	case t.Kind() == reflect.Struct && f.encodesItself(t):
		// The encoder checks the fields, and this type has none that it can check.
		if f.mayTell(t) {
			return omitsByValue
		}
		return omitsAll
	}
	return omitsNothing
}

// omitsEmptyFields reports whether sf is the field _msgpack, with whose tag the encoder omits every
// field after it that is empty.
func (f *Format) omitsEmptyFields(sf reflect.StructField) bool {
	return f.Tag == "msgpack" && sf.Name == "_msgpack" && f.tagOf(sf).has("omitempty")
}

// leavesOutZero reports whether the encoder omits the zero value of the field.
func (f *Format) leavesOutZero(sf reflect.StructField) bool {
	if !strings.Contains(string(sf.Tag), "omit") {
		return false
	}
	tag, kind := f.tagOf(sf), sf.Type.Kind()
	return (tag.has("omitempty") && kind != reflect.Struct && kind != reflect.Array) || (f.Tag == "" && tag.has("omitzero"))
}

// mayTell reports whether t has a field in which the msgpack encoder can see that a value isn't
// empty.
func (f *Format) mayTell(t reflect.Type) bool {
	for i := range t.NumField() {
		if sf := t.Field(i); sf.IsExported() && !f.tagOf(sf).skip {
			return true
		}
	}
	return false
}

// omitted reports whether the encoder omits v, the value of the field sf, so that another value
// would come back.
func (c *check) omitted(sf reflect.StructField, v reflect.Value) bool {
	if c.format.omits(sf) == omitsNothing || v.IsZero() {
		return false
	}
	switch c.format.Tag {
	case "msgpack":
		return c.isEmpty(v) && lost(v)
	case "dynamodbav":
		for v.Kind() == reflect.Pointer && !v.IsNil() {
			v = v.Elem()
		}
		return v.IsZero() && v.Kind() != reflect.Struct && v.Kind() != reflect.Array
	}
	return isZero(v) && lost(v)
}

// isZero calls IsZero. If that panics it returns false, since the encoder will panic too.
func isZero(v reflect.Value) (is bool) {
	defer func() { _ = recover() }()
	if v.CanAddr() && !v.Type().Implements(zeroerType) {
		v = v.Addr()
	}
	if !v.CanInterface() {
		return false
	}
	z, ok := v.Interface().(zeroer)
	return ok && z.IsZero()
}

// isEmpty reports whether the msgpack encoder takes v for empty.
func (c *check) isEmpty(v reflect.Value) bool {
	for v.Kind() == reflect.Interface {
		if v.IsNil() {
			return true
		}
		v = v.Elem()
	}
	if v.Type().Implements(zeroerType) {
		return isZero(v)
	}
	switch v.Kind() {
	case reflect.Slice, reflect.Map:
		return v.Len() == 0
	case reflect.Struct:
		for i := range v.NumField() {
			sf := v.Type().Field(i)
			if tag := c.format.tagOf(sf); sf.IsExported() && !tag.skip && !(tag.has("omitempty") && c.isEmpty(v.Field(i))) {
				return false
			}
		}
		return true
	case reflect.Pointer:
		return v.IsNil()
	}
	return v.IsZero()
}

// lost reports whether v, which the encoder omits, would lose something by coming back as the zero
// value. A struct's IsZero is trusted if its exported fields are zero.
func lost(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map:
		return v.Len() > 0
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return false // a zero time in another zone
		}
		if !v.Type().Implements(zeroerType) && !reflect.PointerTo(v.Type()).Implements(zeroerType) {
			return true
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() && !v.Field(i).IsZero() {
				return true
			}
		}
		return false
	}
	return true
}

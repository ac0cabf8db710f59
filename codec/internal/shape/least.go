package shape

import (
	"encoding/json"
	"reflect"
	"strings"
	"time"
)

// LeastSize returns the minimum number of bytes that v, whose type has the shape s, takes when it
// is encoded. It stops counting above limit, so that its work is proportional to limit, however
// large v is. It doesn't count values that encode themselves.
func (s *Shape) LeastSize(v reflect.Value, limit int) int {
	if s.size.fixed {
		return s.size.least
	}
	c := counter{format: s.format, left: limit - s.size.least}
	c.add(v, s.size)
	return limit - c.left
}

// size says how many bytes the values of a type take.
type size struct {
	least int  // every value takes at least this
	fixed bool // no value takes more
	kind  reflect.Kind
	text  bool // only its length is counted
	plain bool // a map[string]string

	elem, key *size // of a list, map or pointer
	texts     []int // fields of a struct that are texts
	fields    []sizeField
}

// sizeField is a field of another type that may take more than its least, or may be omitted.
type sizeField struct {
	index    int
	whole    int // what its name and least value take, if it may be omitted
	optional bool
	size     *size
}

// sizeOf returns the size of t.
func (f *Format) sizeOf(t reflect.Type) *size {
	if z, ok := f.sizes.Load(t); ok {
		return z.(*size)
	}
	z := sizer{f, map[reflect.Type]*size{}}.size(t)
	f.sizes.Store(t, z)
	return z
}

// sizer computes the sizes of types.
type sizer struct {
	format *Format
	made   map[reflect.Type]*size
}

func (s sizer) size(t reflect.Type) *size {
	if z, ok := s.made[t]; ok {
		return z
	}
	f := s.format
	z := &size{kind: t.Kind(), least: 1}
	s.made[t] = z
	switch {
	case t == reflect.TypeFor[json.Number](), t == reflect.TypeFor[json.RawMessage]():
		z.least, z.text = 0, true
		return z
	case t == reflect.TypeFor[time.Time]():
		z.fixed = true
		return z
	case t.Kind() != reflect.Pointer && t.Kind() != reflect.Interface &&
		(f.encodesItself(t) || f.decodesItself(t) || f.Leaf != nil && f.Leaf(t)):
		z.least, z.fixed = 0, true
		return z
	}
	switch t.Kind() {
	case reflect.String:
		z.least, z.text = 0, true
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			z.least, z.text = 0, true
			return z
		}
		z.elem = s.size(t.Elem())
	case reflect.Map:
		z.elem, z.key = s.size(t.Elem()), s.size(t.Key())
		z.plain = t == reflect.TypeFor[map[string]string]()
	case reflect.Pointer:
		if z.elem = s.size(t.Elem()); z.elem.text || z.elem.fixed {
			z.least = min(1, z.elem.least)
		}
	case reflect.Interface:
		z.least = 0 // it may hold an empty text
	case reflect.Array:
		z.elem = s.size(t.Elem())
		z.least, z.fixed = t.Len()*z.elem.inList(), z.elem.fixed
	case reflect.Struct:
		s.fields(t, z)
	default:
		z.fixed = true
	}
	return z
}

func (s sizer) fields(t reflect.Type, z *size) {
	z.least, z.fixed = 0, true
	_, bare := t.FieldByName("_msgpack") // may be written without names
	for i := range t.NumField() {
		sf := t.Field(i)
		tag := s.format.tagOf(sf)
		if tag.skip || !Seen(sf) {
			continue
		}
		field := sizeField{index: i, optional: bare || s.format.mayOmit(sf), size: s.size(sf.Type)}
		name := 0
		if !bare && !sf.Anonymous {
			name = len(tag.nameOr(sf)) + 1
		}
		isStruct, isPointer := sf.Type.Kind() == reflect.Struct, sf.Type.Kind() == reflect.Pointer
		zeroes := sf.Type.Implements(zeroerType) || reflect.PointerTo(sf.Type).Implements(zeroerType)
		if isStruct && s.format.Tag == "msgpack" && field.size.least > 0 && !zeroes {
			field.optional = bare // one of its fields is always written
		}
		switch {
		case sf.Anonymous && isPointer, field.optional && isStruct && (zeroes || s.format.Tag == "msgpack"): // it may be omitted entirely
			field.optional = true
		case field.size.text:
			if z.fixed = false; !field.optional {
				z.least += name
			}
			z.texts = append(z.texts, i)
			continue
		case field.optional:
			field.whole = name + field.size.least
		default:
			z.least += name + field.size.least
		}
		if field.optional || !field.size.fixed {
			z.fixed = false
			z.fields = append(z.fields, field)
		}
	}
}

// mayOmit reports whether the encoder omits some values of a field.
func (f *Format) mayOmit(sf reflect.StructField) bool {
	tag, kind := string(sf.Tag), sf.Type.Kind()
	if f.Tag == "" && strings.Contains(tag, "omitzero") {
		return true
	}
	return strings.Contains(tag, "omitempty") && (f.Tag == "msgpack" || kind != reflect.Array && kind != reflect.Struct)
}

// inList returns the least that an element takes, which is at least 1.
func (z *size) inList() int { return max(1, z.least) }

// counter counts the bytes of values.
type counter struct {
	format *Format
	left   int
	depth  int
}

// add counts the bytes of v above its least.
func (c *counter) add(v reflect.Value, z *size) {
	switch {
	case z.fixed:
		return
	case z.text:
		c.left -= v.Len()
		return
	}
	switch z.kind {
	case reflect.Struct:
		for _, i := range z.texts {
			c.left -= v.Field(i).Len()
		}
		for i := range z.fields {
			f := &z.fields[i]
			value := v.Field(f.index)
			if f.optional {
				if value.IsZero() || (f.size.kind == reflect.Slice || f.size.kind == reflect.Map) && value.Len() == 0 {
					continue
				}
				c.left -= f.whole
			}
			if !f.size.fixed {
				c.add(value, f.size)
			}
		}
	case reflect.Array:
		c.elements(v, z)
	case reflect.Slice:
		c.left -= v.Len() * z.elem.inList()
		c.elements(v, z)
	case reflect.Map, reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			c.inside(v, z)
		}
	}
}

func (c *counter) elements(v reflect.Value, z *size) {
	if z.elem.fixed || c.depth >= maxDepth {
		return
	}
	c.depth++
	for i := 0; i < v.Len() && c.left >= 0; i++ {
		if e := v.Index(i); z.elem.text {
			c.left -= max(0, e.Len()-1) // one is counted already, for the element
		} else {
			c.add(e, z.elem)
		}
	}
	c.depth--
}

// inside counts v, or what v points to.
func (c *counter) inside(v reflect.Value, z *size) {
	if c.depth++; c.depth <= maxDepth && c.left >= 0 {
		switch z.kind {
		case reflect.Interface:
			v = v.Elem()
			z = c.format.sizeOf(v.Type())
			c.left -= max(0, z.least-1) // in a list, one byte was counted for the element
			c.add(v, z)
		case reflect.Pointer:
			c.left -= max(0, z.elem.least-z.least)
			c.add(v.Elem(), z.elem)
		case reflect.Map:
			c.left -= v.Len() * (1 + z.elem.least)
			c.entries(v, z)
		}
	}
	c.depth--
}

func (c *counter) entries(v reflect.Value, z *size) {
	if c.left < 0 || z.key.fixed && z.elem.fixed {
		return
	}
	if z.plain && v.CanInterface() {
		for key, text := range v.Interface().(map[string]string) {
			if c.left -= len(key) + len(text); c.left < 0 {
				return
			}
		}
		return
	}
	var key, elem reflect.Value
	if z.key.text {
		key = reflect.New(v.Type().Key()).Elem()
	}
	if !z.elem.fixed {
		elem = reflect.New(v.Type().Elem()).Elem()
	}
	for i := v.MapRange(); c.left >= 0 && i.Next(); {
		if key.IsValid() {
			key.SetIterKey(i)
			c.left -= key.Len()
		}
		if elem.IsValid() {
			elem.SetIterValue(i)
			c.add(elem, z.elem)
		}
	}
}

package shape

import (
	"bytes"
	"encoding"
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// maxDepth bounds how deep a value may be nested. encoding/json has the same bound for decoding.
const maxDepth = 10000

// Check returns an error if v, whose type has the shape s, holds something that can't be kept: a
// cycle, a nil behind a pointer, or a value in an interface that would come back as another type.
// The error names the field, never a value. Only a Loose shape needs it.
func (s *Shape) Check(v reflect.Value) error {
	if !s.Loose {
		return nil
	}
	c := check{format: s.format, on: map[pointer]bool{}, generic: map[reflect.Type]bool{}}
	return c.visit(v, nil)
}

// CheckScalars returns an error if v holds a text, or a map's key, that is not UTF-8, a number that
// is not finite, a time that has no text, or a key that DynamoDB refuses. It names the field. In
// JSON this includes what MarshalText returns.
func (s *Shape) CheckScalars(v reflect.Value) error {
	c := check{format: s.format, scalars: true, on: map[pointer]bool{}, generic: map[reflect.Type]bool{}}
	return c.visit(v, nil)
}

// step is a path into a value. Only an error formats it, since values may be nested deeply.
type step struct {
	up   *step
	name string // a field's name, "[]" or "[key]"
}

func (s *step) elem(name string) *step { return &step{s, name} }

func (s *step) String() string {
	var names []string
	for ; s != nil; s = s.up {
		names = append(names, s.name)
	}
	slices.Reverse(names)
	if len(names) > mostSteps {
		names = append(names[:mostSteps:mostSteps], "…")
	}
	return strings.ReplaceAll(strings.Join(names, "."), ".[", "[")
}

// mostSteps is how many steps of a long path an error shows.
const mostSteps = 20

// check goes through a value once.
type check struct {
	format  *Format
	scalars bool             // check texts and numbers
	on      map[pointer]bool // the pointers that lead to the current value
	depth   int

	generic map[reflect.Type]bool // element types that passed dynamic
}

type pointer struct {
	t reflect.Type
	p uintptr
	n int // of a slice: two slices of one array differ
}

// enter notes that the check follows v, and returns an error if it follows v already.
func (c *check) enter(v reflect.Value, at *step) (leave func(), err error) {
	p := pointer{t: v.Type(), p: v.Pointer()}
	if v.Kind() == reflect.Slice {
		p.n = v.Len()
	}
	if c.on[p] {
		return nil, refuse(at.String(), "is a cycle")
	}
	if c.depth++; c.depth > maxDepth {
		return nil, refuse(at.String(), "is nested deeper than %d levels", maxDepth)
	}
	c.on[p] = true
	return func() { delete(c.on, p); c.depth-- }, nil
}

func (c *check) visit(v reflect.Value, at *step) error {
	if c.scalars && c.writesText(v.Type()) && !utf8.ValidString(ownText(v)) {
		return refuse(at.String(), "the text that a %v encodes itself to is not UTF-8", v.Type())
	}
	switch v.Kind() {
	case reflect.Struct:
		if err := c.big(v, at); err != nil {
			return err
		}
		if c.scalars && c.format.TimesAsText && v.Type() == timeType && !isText(timeIn(v)) {
			return refuse(at.String(), "a time before the year 0 or after 9999, or more than 23 hours from UTC, can't be stored")
		}
	case reflect.String:
		if v.Len() == 0 && c.format.Tag == "" && v.Type() == reflect.TypeFor[json.Number]() {
			return refuse(at.String(), "an empty json.Number would come back as 0: tag it `json:\",omitempty\"`")
		}
		if c.scalars && !utf8.ValidString(v.String()) {
			return refuse(at.String(), "text is not UTF-8")
		}
		return nil
	case reflect.Float32, reflect.Float64:
		if c.scalars && (math.IsNaN(v.Float()) || math.IsInf(v.Float(), 0)) {
			return refuse(at.String(), "a %v that is NaN or infinite can't be stored", v.Type())
		}
		return nil
	case reflect.Interface:
		if v.IsNil() {
			return nil
		}
		if c.nothing(v.Elem()) {
			return refuse(at.String(), "an empty json.Number in an interface would come back as nil")
		}
		if err := c.dynamic(v.Elem(), at); err != nil {
			return err
		}
		return c.visit(v.Elem(), at)
	case reflect.Pointer, reflect.Slice, reflect.Map:
		if v.Type() == reflect.TypeFor[json.RawMessage]() && c.format.Tag == "" && string(bytes.TrimSpace(v.Bytes())) == "null" {
			return refuse(at.String(), "a json.RawMessage that is null would come back as nil")
		}
		if v.IsNil() {
			return nil
		}
		if v.Kind() == reflect.Pointer && c.nothing(v.Elem()) {
			return refuse(at.String(), "points to a nil, which would come back as a nil pointer")
		}
		switch own := c.ownEncoder(v.Type()); {
		case own && v.Kind() == reflect.Pointer && (c.scalars || v.Elem().Kind() == reflect.Struct):
			return c.visit(v.Elem(), at)
		case own:
			return nil
		}
		leave, err := c.enter(v, at)
		if err != nil {
			return err
		}
		defer leave()
	}
	return c.inside(v, at)
}

// nothing reports whether v, the target of a pointer, is written as null: a nil json.RawMessage in
// JSON, or an empty json.Number in the native format.
func (c *check) nothing(v reflect.Value) bool {
	switch v.Type() {
	case reflect.TypeFor[json.RawMessage]():
		return c.format.Tag == "" && v.IsNil()
	case reflect.TypeFor[json.Number]():
		return c.format.Tag == "dynamodbav" && v.Len() == 0
	}
	return false
}

// CheckBack returns an error if a pointer in v, the encoded value, is nil in back, the decoded one:
// a type that encodes itself to nothing may be written as nil. It does so too if a map's key, which
// encodes or decodes itself, has become another, or the same as another. The error names the field.
func (s *Shape) CheckBack(v, back reflect.Value) error {
	if !s.CustomPointers && !s.CustomKeys {
		return nil
	}
	return checkBack(v, back, nil)
}

func checkBack(v, back reflect.Value, at *step) error {
	if v.Kind() != back.Kind() {
		return nil
	}
	switch v.Kind() {
	case reflect.Pointer:
		switch {
		case v.IsNil():
		case back.IsNil():
			return refuse(at.String(), "points to what encodes itself to nothing, and would come back as a nil pointer")
		default:
			return checkBack(v.Elem(), back.Elem(), at)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); Seen(f) && f.Tag.Get("json") != "-" {
				if err := checkBack(v.Field(i), back.Field(i), at.elem(f.Name)); err != nil {
					return err
				}
			}
		}
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return nil
		}
		for i := range min(v.Len(), back.Len()) {
			if err := checkBack(v.Index(i), back.Index(i), at.elem("[]")); err != nil {
				return err
			}
		}
	case reflect.Map:
		if v.Len() != back.Len() && v.Type().Key().Implements(textMethods.Encode) {
			return refuse(at.String(), "two keys of the map encode themselves alike, and one of them would be lost")
		}
		for i := v.MapRange(); i.Next(); {
			b := back.MapIndex(i.Key())
			switch {
			case b.IsValid():
				if err := checkBack(i.Value(), b, at.elem("[]")); err != nil {
					return err
				}
			case i.Key().Type() != timeType || !hasTime(back, i.Key().Interface().(time.Time)):
				return refuse(at.String(), "a key of the map would come back as another")
			}
		}
	}
	return nil
}

// hasTime reports whether a map has a key that is the same time, in whatever zone.
func hasTime(m reflect.Value, t time.Time) bool {
	if !oddZone(t) {
		return true // in every format
	}
	for i := m.MapRange(); i.Next(); {
		if i.Key().Interface().(time.Time).Equal(t) {
			return true
		}
	}
	return false
}

func (c *check) inside(v reflect.Value, at *step) error {
	switch v.Kind() {
	case reflect.Pointer:
		e := v.Elem()
		for e.Kind() == reflect.Interface && !e.IsNil() {
			e = e.Elem()
		}
		if nilable(e.Type()) && e.IsNil() {
			return refuse(at.String(), "points to a nil, which would come back as a nil pointer")
		}
		return c.visit(v.Elem(), at)
	case reflect.Slice, reflect.Array:
		if !c.worth(v.Type().Elem()) {
			return nil
		}
		bytes := c.scalars && c.format.BytesInInterface && v.Type() == reflect.TypeFor[[][]byte]()
		for i := range v.Len() {
			if bytes && v.Index(i).IsNil() {
				return refuse(at.elem("[]").String(), "a nil in a [][]byte can't be stored")
			}
			if err := c.visit(v.Index(i), at.elem("[]")); err != nil {
				return err
			}
		}
	case reflect.Map:
		for i := v.MapRange(); i.Next(); {
			if c.scalars && c.format.Tag == "dynamodbav" && i.Key().Kind() == reflect.String && i.Key().Len() == 0 && !c.ownEncoder(i.Key().Type()) {
				return refuse(at.String(), "an empty key of a map can't be stored")
			}
			if c.format.PrintsKeys && printsOther(i.Key()) {
				return refuse(at.String(), "a key of the map would come back as another: the text that fmt prints of it is stored")
			}
			if c.format.encodesTextKey(i.Key().Type()) && encodesAsOther(i.Key()) {
				return refuse(at.String(), "a key of the map, a string, has a MarshalText that returns another text, and releases of Go encode it differently")
			}
			if err := c.visit(i.Key(), at.elem("[key]")); err != nil {
				return err
			}
			if err := c.visit(i.Value(), at.elem("[]")); err != nil {
				return err
			}
		}
	case reflect.Struct:
		if c.ownEncoder(v.Type()) {
			return nil
		}
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if !Seen(f) || f.Tag.Get("json") == "-" {
				continue
			}
			if c.omitted(f, v.Field(i)) {
				return refuse(at.elem(f.Name).String(), "its tag would leave it out, although it isn't empty: take the option from the tag")
			}
			if v.Field(i).IsZero() && c.format.leavesOutZero(f) {
				continue
			}
			if err := c.visit(v.Field(i), at.elem(f.Name)); err != nil {
				return err
			}
		}
	}
	return nil
}

// isText reports whether t has a text in the form of RFC 3339.
func isText(t time.Time) bool {
	_, err := t.MarshalText()
	return err == nil
}

// writesText reports whether values of t, which is no pointer, encode themselves to a text in JSON.
func (c *check) writesText(t reflect.Type) bool {
	if c.format.Tag != "" || t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface || t == reflect.TypeFor[time.Time]() {
		return false
	}
	p := reflect.PointerTo(t)
	return p.Implements(textMethods.Encode) && !p.Implements(jsonMethods.Encode)
}

// ownText returns what the method MarshalText of v or a pointer to v returns, empty if it can't be
// called or fails: then the encoder says so.
func ownText(v reflect.Value) (text string) {
	defer func() { _ = recover() }()
	if v.CanAddr() {
		v = v.Addr()
	}
	if !v.CanInterface() {
		return ""
	}
	m, ok := v.Interface().(encoding.TextMarshaler)
	if !ok {
		return ""
	}
	b, err := m.MarshalText()
	if err != nil {
		return ""
	}
	return string(b)
}

// ownEncoder reports whether values of t encode themselves.
func (c *check) ownEncoder(t reflect.Type) bool {
	if t == reflect.TypeFor[json.Number]() || t == reflect.TypeFor[*json.Number]() {
		return false // since Go 1.27 it has such methods
	}
	if c.format.Leaf != nil && c.format.Leaf(t) {
		return true
	}
	p := t
	if t.Kind() != reflect.Pointer {
		p = reflect.PointerTo(t)
	}
	for _, m := range c.format.Methods {
		if p.Implements(m.Encode) {
			return true
		}
	}
	return false
}

// worth reports whether elements of type t need a check.
func (c *check) worth(t reflect.Type) bool {
	if c.scalars && c.writesText(t) {
		return true
	}
	switch t.Kind() {
	case reflect.String:
		return c.scalars || t == reflect.TypeFor[json.Number]()
	case reflect.Float32, reflect.Float64:
		return c.scalars
	case reflect.Interface, reflect.Pointer, reflect.Slice, reflect.Map, reflect.Struct, reflect.Array:
		return true
	}
	return false
}

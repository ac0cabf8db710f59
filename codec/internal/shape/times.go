package shape

import (
	"reflect"
	"time"
)

// times leads to the times in the values of a type.
type times struct {
	self   bool // the value itself is one
	kind   reflect.Kind
	elem   *times
	fields []timesField
}

type timesField struct {
	index int
	times *times
}

// timesOf returns what leads to the times in values of t, nil if t has none or if the format keeps
// them in every zone.
func (f *Format) timesOf(t reflect.Type) *times {
	if !f.TimesAsText {
		return nil
	}
	return finder{f, map[reflect.Type]*times{}}.times(t)
}

// finder finds the times of types.
type finder struct {
	format *Format
	made   map[reflect.Type]*times
}

func (f finder) isTime(t reflect.Type) bool {
	return t == reflect.TypeFor[time.Time]() || f.format.Leaf != nil && f.format.Leaf(t)
}

// inside returns the types of the parts of t in which times are to be found.
func (f finder) inside(t reflect.Type) (list []reflect.Type) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		if t.Kind() != reflect.Pointer && (f.format.encodesItself(t) || f.format.decodesItself(t)) {
			return nil
		}
		return []reflect.Type{t.Elem()}
	case reflect.Struct:
		if f.format.encodesItself(t) || f.format.decodesItself(t) {
			return nil
		}
		for i := range t.NumField() {
			sf := t.Field(i)
			embedded := sf.Anonymous && sf.Type.Kind() == reflect.Struct && !f.isTime(sf.Type)
			if f.format.tagOf(sf).skip || !sf.IsExported() && !embedded {
				list = append(list, nil)
				continue
			}
			list = append(list, sf.Type)
		}
	}
	return list
}

// leads reports whether a value of t may have a time.
func (f finder) leads(t reflect.Type, seen map[reflect.Type]bool) bool {
	if t == nil || seen[t] {
		return false
	}
	if seen[t] = true; f.isTime(t) {
		return true
	}
	for _, e := range f.inside(t) {
		if f.leads(e, seen) {
			return true
		}
	}
	return false
}

func (f finder) times(t reflect.Type) *times {
	if z, ok := f.made[t]; ok {
		return z
	}
	if !f.leads(t, map[reflect.Type]bool{}) {
		return nil
	}
	z := &times{kind: t.Kind(), self: f.isTime(t)}
	f.made[t] = z
	switch {
	case z.self:
	case t.Kind() == reflect.Struct:
		for i, e := range f.inside(t) {
			if e == nil {
				continue
			}
			if inner := f.times(e); inner != nil {
				z.fields = append(z.fields, timesField{i, inner})
			}
		}
	default:
		z.elem = f.times(t.Elem())
	}
	return z
}

// MoveTimes changes v, a settable value without cycles whose type has the shape s: each time in a
// zone whose offset from UTC isn't whole minutes gets the zone UTC, since a text in the form of
// RFC 3339 would be another time. Such are the local times of long ago, the zero time among them.
// It copies what v refers to before it changes it.
func (s *Shape) MoveTimes(v reflect.Value) {
	if s.times != nil && s.times.odd(v) {
		s.times.move(v)
	}
}

var timeType = reflect.TypeFor[time.Time]()

func timeIn(v reflect.Value) time.Time {
	if v.Type() == timeType && v.CanAddr() {
		return *v.Addr().Interface().(*time.Time)
	}
	return v.Convert(timeType).Interface().(time.Time)
}

func oddZone(t time.Time) bool {
	_, offset := t.Zone()
	return offset%60 != 0
}

// odd reports whether v has a time in such a zone.
func (z *times) odd(v reflect.Value) bool {
	switch {
	case z.self:
		return oddZone(timeIn(v))
	case z.kind == reflect.Struct:
		for _, f := range z.fields {
			if f.times.odd(v.Field(f.index)) {
				return true
			}
		}
	case z.kind == reflect.Pointer:
		return !v.IsNil() && z.elem.odd(v.Elem())
	case z.kind == reflect.Map:
		if v.Len() == 0 {
			return false
		}
		e := reflect.New(v.Type().Elem()).Elem()
		for i := v.MapRange(); i.Next(); {
			if e.SetIterValue(i); z.elem.odd(e) {
				return true
			}
		}
	default:
		for i := range v.Len() {
			if z.elem.odd(v.Index(i)) {
				return true
			}
		}
	}
	return false
}

func (z *times) move(v reflect.Value) {
	switch {
	case z.self:
		if t := timeIn(v); oddZone(t) {
			v.Set(reflect.ValueOf(t.UTC()).Convert(v.Type()))
		}
	case z.kind == reflect.Struct:
		for _, f := range z.fields {
			f.times.move(v.Field(f.index))
		}
	case z.kind == reflect.Pointer:
		if !v.IsNil() {
			p := reflect.New(v.Type().Elem())
			p.Elem().Set(v.Elem())
			z.elem.move(p.Elem())
			v.Set(p.Convert(v.Type()))
		}
	case z.kind == reflect.Map:
		if v.IsNil() {
			return
		}
		m := reflect.MakeMapWithSize(v.Type(), v.Len())
		for i := v.MapRange(); i.Next(); {
			e := reflect.New(v.Type().Elem()).Elem()
			e.Set(i.Value())
			z.elem.move(e)
			m.SetMapIndex(i.Key(), e)
		}
		v.Set(m)
	default:
		if z.kind == reflect.Slice && !v.IsNil() {
			list := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
			reflect.Copy(list, v)
			v.Set(list)
		}
		for i := range v.Len() {
			z.elem.move(v.Index(i))
		}
	}
}

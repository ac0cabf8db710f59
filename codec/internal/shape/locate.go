package shape

import (
	"reflect"
	"strings"

	"github.com/dynasession/dynasession/codec/internal/fault"
)

// Located returns err, with which a codec of that name has refused v, a value without cycles whose
// type has the shape s. If a value in v that encodes itself is to blame, the error names its field:
// alone returns an error for a pointer to a value that can't be encoded by itself.
func (s *Shape) Located(err error, v reflect.Value, codec string, alone func(v any) error) error {
	if !s.Custom {
		return err
	}
	l := locator{check{format: s.format}, alone}
	at := l.locate(v, nil).String()
	if at == "" {
		return err
	}
	codec += ": "
	return fault.New(err, "%sfield %s: %s", codec, at, strings.TrimPrefix(err.Error(), codec))
}

type locator struct {
	check
	alone func(v any) error
}

// locate returns the way to the first value to blame, nil if there is none.
func (l *locator) locate(v reflect.Value, at *step) *step {
	switch {
	case v.Kind() == reflect.Pointer && !v.IsNil():
		return l.locate(v.Elem(), at)
	case v.Kind() == reflect.Pointer, v.Kind() == reflect.Interface:
		return nil
	case l.ownEncoder(v.Type()):
		p := reflect.New(v.Type())
		p.Elem().Set(v)
		if at == nil || l.alone(p.Interface()) == nil {
			return nil
		}
		return at
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if !Seen(f) || l.format.tagOf(f).skip {
				continue
			}
			if found := l.locate(v.Field(i), at.elem(f.Name)); found != nil {
				return found
			}
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if found := l.locate(v.Index(i), at.elem("[]")); found != nil {
				return found
			}
		}
	case reflect.Map:
		for i := v.MapRange(); i.Next(); {
			if found := l.locate(i.Value(), at.elem("[]")); found != nil {
				return found
			}
		}
	}
	return nil
}

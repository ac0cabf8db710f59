package web

import (
	"reflect"

	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/internal/threeway"
)

// applyChanges applies to s the differences between two states of a session.
func applyChanges[T any](o overlay, from, to sessions.Session[T], s *sessions.Session[T]) {
	base := reflect.ValueOf(&s.Data).Elem()
	base.Set(o.value(reflect.ValueOf(&from.Data).Elem(), reflect.ValueOf(&to.Data).Elem(), base))
	changed(from.Persist, to.Persist, &s.Persist)
	changed(from.IdleTimeout, to.IdleTimeout, &s.IdleTimeout)
	changed(from.AbsoluteTimeout, to.AbsoluteTimeout, &s.AbsoluteTimeout)
	changed(from.Device, to.Device, &s.Device)
	changed(from.Federated, to.Federated, &s.Federated)
}

func changed[V comparable](from, to V, into *V) {
	if from != to {
		*into = to
	}
}

// overlay applies the differences between two values to a third. Unlike a merge it has no
// conflicts: a difference wins.
type overlay struct {
	// Of a slice that has grown at one end, only the added elements are taken. Otherwise a slice is
	// one value.
	addedOnly bool
}

// value returns base with the differences between from and to: field by field in structs, entry by
// entry in maps, both also behind pointers and in interfaces, and otherwise the whole value. The
// members are those of [sessions.MergeFields]. It changes none of the three.
func (o overlay) value(from, to, base reflect.Value) reflect.Value {
	out := reflect.New(to.Type()).Elem()
	out.Set(base)
	o.apply(from, to, out)
	return out
}

// apply is value for a base that it changes.
func (o overlay) apply(from, to, base reflect.Value) {
	t := to.Type()
	whole := threeway.EncodesItself(t)
	if t.Kind() == reflect.Struct && !whole {
		for i := range t.NumField() {
			f := t.Field(i)
			embedded := f.Anonymous && f.Type.Kind() == reflect.Struct && !threeway.EncodesItself(f.Type)
			if f.IsExported() || embedded { // encoders see the exported fields of an unexported embedded struct
				o.apply(from.Field(i), to.Field(i), base.Field(i))
			}
		}
		return
	}
	switch {
	case reflect.DeepEqual(from.Interface(), to.Interface()):
	case t.Kind() == reflect.Map && !whole:
		base.Set(o.entries(from, to, base))
	case t.Kind() == reflect.Pointer && !whole && !to.IsNil() && (!from.IsNil() || !base.IsNil()):
		target := reflect.New(t.Elem())
		target.Elem().Set(o.value(pointee(from), pointee(to), pointee(base)))
		base.Set(target.Convert(t))
	case t.Kind() == reflect.Interface && !from.IsNil() && !to.IsNil() && from.Elem().Type() == to.Elem().Type():
		within := reflect.Zero(to.Elem().Type())
		if !base.IsNil() && base.Elem().Type() == within.Type() {
			within = base.Elem()
		}
		base.Set(o.value(from.Elem(), to.Elem(), within))
	case t.Kind() == reflect.Slice && !whole && o.addedOnly:
		base.Set(added(from, to))
	default:
		base.Set(to)
	}
}

// pointee returns what a pointer points to, the zero value if it is nil.
func pointee(p reflect.Value) reflect.Value {
	if p.IsNil() {
		return reflect.Zero(p.Type().Elem())
	}
	return p.Elem()
}

func (o overlay) entries(from, to, base reflect.Value) reflect.Value {
	out := reflect.MakeMap(to.Type())
	for key, value := range base.Seq2() {
		if to.MapIndex(key).IsValid() || !from.MapIndex(key).IsValid() {
			out.SetMapIndex(key, value)
		}
	}
	zero := reflect.Zero(to.Type().Elem())
	for key, value := range to.Seq2() {
		was, is := from.MapIndex(key), base.MapIndex(key)
		if !was.IsValid() {
			was = zero
		} else if reflect.DeepEqual(was.Interface(), value.Interface()) {
			continue
		}
		if !is.IsValid() {
			is = zero
		}
		out.SetMapIndex(key, o.value(was, value, is))
	}
	return out
}

// added returns what was added to one end of a slice, or the whole slice if it was changed
// otherwise.
func added(from, to reflect.Value) reflect.Value {
	more := to.Len() - from.Len()
	switch {
	case from.Len() == 0 || more <= 0:
	case reflect.DeepEqual(to.Slice(0, from.Len()).Interface(), from.Interface()):
		return to.Slice(from.Len(), to.Len())
	case reflect.DeepEqual(to.Slice(more, to.Len()).Interface(), from.Interface()):
		return to.Slice3(0, more, more)
	}
	return to
}

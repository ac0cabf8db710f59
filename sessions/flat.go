package sessions

import (
	"reflect"
	"time"
)

// isFlat reports whether two values of a type that are == are the same through and through: whether nothing in it refers to what may
// change behind it. Most sessions' data is so, and then it takes no encoding to see that it hasn't changed.
func isFlat(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Bool, reflect.String, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return true // no floating point: 0 == -0, and they differ
	case reflect.Array:
		return isFlat(t.Elem())
	case reflect.Struct:
		if t == reflect.TypeFor[time.Time]() {
			return true // refers to a Location, which never changes
		}
		for i := range t.NumField() {
			if !isFlat(t.Field(i).Type) {
				return false
			}
		}
		return true
	}
	return false
}

// remember keeps the data that is stored, if it is flat, and stored as a save would store it.
func (m *Manager[T]) remember(s *Session[T]) {
	s.base = nil
	if m.flat && !s.rec.inClear() {
		base := s.Data
		s.base = &base
	}
}

// same reports whether s is certainly as it is stored. If not, encoding it tells.
func (s *Session[T]) same() bool {
	return s.base != nil && s.stored && len(s.unsure) == 0 && any(*s.base) == any(s.Data) &&
		s.IdleTimeout == s.rec.IdleTimeout && s.AbsoluteTimeout == s.rec.AbsoluteTimeout
}

package shape

import (
	"encoding/json"
	"fmt"
	"reflect"
	"time"
)

// walk goes through a type once.
type walk struct {
	format *Format
	shape  *Shape
	seen   map[visit]bool
	open   map[reflect.Type]bool // the types that enclose the current one
}

// visit is a type, and whether its values are addressable: encoders call pointer methods only on
// those.
type visit struct {
	t           reflect.Type
	addressable bool
}

func (w *walk) root(t reflect.Type) error {
	if t.Kind() == reflect.Interface && t.NumMethod() > 0 {
		return refuse("", "%v is an interface with methods, and nothing tells which type to decode into", t)
	}
	return w.visit(t, true, "")
}

// visit checks t, the type of the field at path.
func (w *walk) visit(t reflect.Type, addressable bool, path string) error {
	if w.open[t] {
		w.shape.Loose = true // a value of it may be a cycle
	}
	v := visit{t, addressable}
	if w.seen[v] {
		return nil
	}
	w.seen[v] = true

	if w.format.Leaf != nil && w.format.Leaf(t) {
		return nil
	}
	done, err := w.custom(t, addressable, path)
	if done || err != nil {
		return err
	}
	w.open[t] = true
	defer delete(w.open, t)
	return w.kind(t, addressable, path)
}

func (w *walk) kind(t reflect.Type, addressable bool, path string) error {
	switch t.Kind() {
	case reflect.Chan, reflect.Func, reflect.UnsafePointer, reflect.Complex64, reflect.Complex128, reflect.Uintptr:
		return refuse(path, "%v can't be stored", t)
	case reflect.Interface:
		if t.NumMethod() > 0 {
			return refuse(path, "%v is an interface with methods, and nothing tells which type to decode into", t)
		}
		w.shape.Interfaces, w.shape.Loose = true, true
	case reflect.Pointer:
		if endless(t) {
			return refuse(path, "%v points to nothing but pointers", t)
		}
		if nilable(t.Elem()) {
			w.shape.Loose = true // a nil target comes back as a nil pointer
		}
		if w.format.NoPointerToInterface && t.Elem().Kind() == reflect.Interface {
			return refuse(path, "a pointer to an interface can't be stored: take the interface itself")
		}
		w.shape.CustomPointers = w.shape.CustomPointers || (t.Elem() != reflect.TypeFor[time.Time]() && w.format.encodesItself(t.Elem()))
		w.shape.Loose = w.shape.Loose || t.Elem() == reflect.TypeFor[json.Number]()
		return w.visit(t.Elem(), true, path)
	case reflect.Slice:
		if err := w.bytes(t, path); err != nil {
			return err
		}
		return w.visit(t.Elem(), true, path+"[]")
	case reflect.Array:
		if err := w.bytes(t, path); err != nil {
			return err
		}
		return w.visit(t.Elem(), addressable, path+"[]")
	case reflect.Map:
		w.shape.Maps = true
		if err := w.key(t.Key(), path); err != nil {
			return err
		}
		return w.visit(t.Elem(), false, path+"[]")
	case reflect.Struct:
		return w.fields(t, addressable, path)
	}
	return nil
}

// bytes refuses a list of a named byte type if the encoder takes it for bytes and panics.
func (w *walk) bytes(t reflect.Type, path string) error {
	if w.format.NoTypedBytes && t.Elem().Kind() == reflect.Uint8 && t.Elem() != reflect.TypeFor[byte]() {
		return refuse(path, "%v can't be stored: take bytes, or another kind of number", t)
	}
	return nil
}

// key refuses types that one of the codecs can't read back as a map key.
func (w *walk) key(t reflect.Type, path string) error {
	if w.format.Tag == "" && onlyAppends(t) {
		return refuse(path, "%v as the key of a map: has AppendText and no MarshalText, and releases of Go encode it differently", t)
	}
	switch t.Kind() {
	case reflect.String,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if !t.Implements(textMethods.Encode) {
			if reflect.PointerTo(t).Implements(textMethods.Decode) || w.format.encodesKey(t) { // decoders call it nevertheless
				w.shape.Custom, w.shape.CustomKeys = true, true
			}
			w.shape.Loose = w.shape.Loose || w.format.PrintsKeys && mayPrint(t)
			return nil
		}
	}
	w.shape.Loose = w.shape.Loose || w.format.encodesTextKey(t)
	if t.Implements(textMethods.Encode) && reflect.PointerTo(t).Implements(textMethods.Decode) {
		w.shape.Custom, w.shape.CustomKeys = true, true
		return nil
	}
	return refuse(path, "%v as the key of a map: must be a string, an integer, or have MarshalText and UnmarshalText", t)
}

// endless reports whether the pointer t leads to itself by pointers alone, as type P *P does.
func endless(t reflect.Type) bool {
	const most = 100 // pointers to pointers
	for n := 0; t.Kind() == reflect.Pointer; n++ {
		if n == most {
			return true
		}
		t = t.Elem()
	}
	return false
}

func nilable(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Interface:
		return true
	}
	return false
}

// refuse returns an error that names the field, if there is one.
func refuse(path, format string, args ...any) error {
	if path == "" {
		return fmt.Errorf(format, args...)
	}
	return fmt.Errorf("field "+path+": "+format, args...)
}

package shape

import "reflect"

// names refuses two fields with the same name, among those of t and of structs embedded in it:
// encoders then omit one of the two, or both.
func (w *walk) names(t reflect.Type, path string, taken map[string]string, open map[reflect.Type]bool) error {
	if open[t] {
		return nil
	}
	open[t] = true
	defer delete(open, t)
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() && !f.Anonymous {
			continue
		}
		at := join(path, f.Name)
		name, skip, err := w.tags(f, at)
		if err != nil {
			return err
		}
		if skip {
			continue
		}
		if embedded, ok := inlined(f, name); ok && !w.selfEncoding(embedded) {
			if err := w.names(embedded, at, taken, open); err != nil {
				return err
			}
			continue
		}
		if !f.IsExported() {
			continue
		}
		if name == "" {
			name = f.Name
		}
		if other, ok := taken[name]; ok {
			return refuse(at, "would be stored under the name %q, as %s is: rename one, or tag it `json:\"-\"`", name, other)
		}
		taken[name] = at
	}
	return nil
}

// inlined returns the type of f if f is an embedded struct, whose fields are stored among those of
// the outer struct.
func inlined(f reflect.StructField, name string) (reflect.Type, bool) {
	t := f.Type
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t, f.Anonymous && name == "" && t.Kind() == reflect.Struct
}

func (w *walk) selfEncoding(t reflect.Type) bool {
	if w.format.Tag == "" {
		return false // encoding/json sees the fields of embedded structs even if they have methods
	}
	return w.format.encodesItself(t)
}

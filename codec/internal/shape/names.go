package shape

import (
	"maps"
	"reflect"
)

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
		tag, err := w.tags(f, at)
		if err != nil {
			return err
		}
		if tag.skip {
			continue
		}
		if embedded, ok := w.format.inlined(f, tag); ok && !w.selfEncoding(embedded) {
			all := maps.Clone(taken)
			switch err := w.names(embedded, at, all, open); {
			case err == nil:
				if other, ok := taken[tag.nameOr(f)]; ok && w.format.Tag == "msgpack" { // it also reads that name
					return refuse(at, "would be read under the name %q, as %s is: rename one", tag.nameOr(f), other)
				}
				maps.Copy(taken, all)
				continue
			case w.format.Tag != "msgpack" || tag.name == "" || tag.has("inline"):
				return err
			}
			// Its fields are stored in a struct of its name, since they overlap.
		}
		if !f.IsExported() {
			continue
		}
		names := []string{tag.nameOr(f)}
		if alias, ok := tag.options["alias"]; ok && w.format.Tag == "msgpack" {
			names = append(names, alias)
		}
		for _, name := range names {
			if other, ok := taken[name]; ok {
				return refuse(at, "would be stored under the name %q, as %s is: rename one, or tag it `json:\"-\"`", name, other)
			}
			taken[name] = at
		}
	}
	return nil
}

// inlined returns the type of f if f is an embedded struct, whose fields are stored among those of
// the outer struct.
func (f *Format) inlined(sf reflect.StructField, tag fieldTag) (reflect.Type, bool) {
	t := sf.Type
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case !sf.Anonymous || t.Kind() != reflect.Struct:
		return t, false
	case f.Tag == "msgpack": // even if it has a name
		return t, !tag.has("noinline")
	}
	return t, tag.name == ""
}

func (w *walk) selfEncoding(t reflect.Type) bool {
	if w.format.Tag == "" {
		return false // encoding/json sees the fields of embedded structs even if they have methods
	}
	return w.format.encodesItself(t)
}

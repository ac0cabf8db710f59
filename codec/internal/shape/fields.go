package shape

import (
	"fmt"
	"reflect"
	"strings"
)

// fields checks the fields of a struct that the encoders see: exported ones, and those of embedded
// structs.
func (w *walk) fields(t reflect.Type, addressable bool, path string) error {
	if err := w.names(t, path, map[string]string{}, map[reflect.Type]bool{}); err != nil {
		return err
	}
	exported := 0
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() && !f.Anonymous {
			continue
		}
		at := join(path, f.Name)
		_, skip, err := w.tags(f, at)
		if err != nil {
			return err
		}
		exported++
		if skip {
			continue
		}
		if f.Anonymous && !f.IsExported() {
			skip, err := w.embedded(f, at)
			if err != nil {
				return err
			}
			if skip {
				continue
			}
		}
		if f.Anonymous && f.Type.Kind() == reflect.Pointer && !w.format.NilEmbedded {
			return refuse(at, "an embedded pointer that is nil would come back as one that isn't: embed the struct itself, or name the field")
		}
		if w.format.Field != nil {
			known, err := w.format.Field(f)
			if err != nil {
				return refuse(at, "%w", err)
			}
			if known {
				continue
			}
		}
		switch w.format.omits(f) {
		case omitsAll:
			return refuse(at, "its tag's omitempty would leave out every %v: give it a tag `%s:\"name\"` without", f.Type, w.format.Tag)
		case omitsByValue:
			w.shape.Loose = true
		}
		if err := w.visit(f.Type, addressable, at); err != nil {
			return err
		}
	}
	if exported == 0 && t.NumField() > 0 {
		return refuse(path, "%v has no exported field, so that nothing of it would be stored", t)
	}
	return nil
}

// embedded checks an embedded type whose name is not exported. Encoders still see the fields of an
// embedded struct.
func (w *walk) embedded(f reflect.StructField, path string) (skip bool, err error) {
	switch {
	case f.Type.Kind() == reflect.Pointer:
		return false, refuse(path, "a pointer to an unexported type that is embedded can't be set when it is read back")
	case f.Type.Kind() == reflect.Struct:
		return false, nil
	case w.format.Tag == "":
		return true, nil // encoding/json omits it
	}
	return false, refuse(path, "%v is embedded, not exported and no struct", f.Type)
}

// tags returns the name in f's json tag, and whether the tag excludes the field.
func (w *walk) tags(f reflect.StructField, path string) (name string, skip bool, err error) {
	tag := f.Tag.Get("json")
	name, _, _ = strings.Cut(tag, ",")
	skip = tag == "-"
	if w.format.Tag == "" {
		if why := disputed(tag); why != "" {
			return "", false, refuse(path, "its json tag's %s", why)
		}
		return name, skip, nil
	}
	if name == "-" && !skip {
		return "", false, refuse(path, "the json tag %q is understood by encoding/json alone", tag)
	}
	own, ok := f.Tag.Lookup(w.format.Tag)
	if !ok || own == "" {
		return name, skip, nil
	}
	ownName, _, _ := strings.Cut(own, ",")
	if (ownName == "-") != skip {
		return "", false, refuse(path, "its tags json and %s disagree on whether it is stored", w.format.Tag)
	}
	if name == "" {
		name = ownName
	}
	return name, skip, nil
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return fmt.Sprintf("%s.%s", path, name)
}

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
	exported, omitted := 0, false
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() && !f.Anonymous {
			omitted = omitted || w.format.omitsEmptyFields(f)
			continue
		}
		at := join(path, f.Name)
		tag, err := w.tags(f, at)
		if err != nil {
			return err
		}
		if tag.skip {
			exported++
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
		exported++
		if f.Anonymous && w.format.losesEmbedded(f, tag) {
			return refuse(at, "%v encodes itself, but not where it is embedded: give the field an exported name", f.Type)
		}
		if f.Anonymous && f.Type.Kind() == reflect.Pointer && !w.format.NilEmbedded {
			return refuse(at, "an embedded pointer that is nil would come back as one that isn't: embed the struct itself, or name the field")
		}
		if t, ok := w.format.inlined(f, tag); ok && f.Type.Kind() == reflect.Pointer && w.format.mayWriteNothing(t) {
			w.shape.Custom, w.shape.CustomPointers = true, true
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
		if omitted && w.format.omitsEmpty(f.Type) != omitsNothing {
			return refuse(at, "the omitempty of _msgpack may leave out a %v that isn't empty: give the option to the other fields", f.Type)
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

// mayWriteNothing reports whether an encoder may omit all that the struct t has: then a pointer
// that embeds it comes back as nil.
func (f *Format) mayWriteNothing(t reflect.Type) bool {
	for i := range t.NumField() {
		sf := t.Field(i)
		tag := f.tagOf(sf)
		embedded, inlined := f.inlined(sf, tag)
		switch {
		case tag.skip, !Seen(sf), f.mayOmit(sf), inlined && sf.Type.Kind() == reflect.Pointer:
		case inlined && f.mayWriteNothing(embedded):
		default:
			return false
		}
	}
	return true
}

// Seen reports whether encoders see a field of a type that can be kept: an exported one, or an
// embedded struct, whose own fields may be exported.
func Seen(f reflect.StructField) bool {
	return f.IsExported() || f.Anonymous && f.Type.Kind() == reflect.Struct
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

// losesEmbedded reports whether f embeds a type that encodes itself in a way in which the encoder
// doesn't call its methods: it can't if the name isn't exported, and doesn't if it stores the
// fields among those of the outer struct.
func (f *Format) losesEmbedded(sf reflect.StructField, tag fieldTag) bool {
	t, inlined := f.inlined(sf, tag)
	if !f.encodesItself(t) && (f.Leaf == nil || !f.Leaf(t)) {
		return false
	}
	return !sf.IsExported() || inlined && f.Tag != "msgpack"
}

// tags returns f's tag as the encoder reads it.
func (w *walk) tags(f reflect.StructField, path string) (fieldTag, error) {
	tag := w.format.tagOf(f)
	if w.format.Tag == "" {
		if why := disputed(f.Tag.Get("json")); why != "" {
			return tag, refuse(path, "its json tag's %s", why)
		}
		return tag, nil
	}
	standard := f.Tag.Get("json")
	name, _, _ := strings.Cut(standard, ",")
	if name == "-" && standard != "-" {
		return tag, refuse(path, "the json tag %q is understood by encoding/json alone", standard)
	}
	ownName, _, _ := strings.Cut(f.Tag.Get(w.format.Tag), ",")
	switch {
	case tag.skip != (standard == "-"), f.Tag.Get(w.format.Tag) != "" && (ownName == "-") != tag.skip:
		return tag, refuse(path, "its tags json and %s disagree on whether it is stored", w.format.Tag)
	case tag.has("intern") && w.format.Tag == "msgpack":
		return tag, refuse(path, "the option intern of its tag refers to other values by their order, which changes")
	}
	return tag, nil
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return fmt.Sprintf("%s.%s", path, name)
}

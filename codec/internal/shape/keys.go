package shape

import (
	"encoding"
	"fmt"
	"reflect"
	"strconv"
)

// encodesKey reports whether the encoder calls a method of t, a string or an integer, for the key
// of a map. encoding/json does so for integers, which [walk.key] knows; the others for both.
func (f *Format) encodesKey(t reflect.Type) bool { return f.Tag != "" && f.encodesItself(t) }

// encodesTextKey reports whether t is a string with MarshalText, for JSON. Since Go 1.27
// encoding/json calls that for the key of a map; before, it stored the string.
func (f *Format) encodesTextKey(t reflect.Type) bool {
	return f.Tag == "" && t.Kind() == reflect.String && t.Implements(textMethods.Encode)
}

// encodesAsOther reports whether the MarshalText of key, a string, returns another one.
func encodesAsOther(key reflect.Value) bool {
	if !key.CanInterface() {
		return false
	}
	text, err := key.Interface().(encoding.TextMarshaler).MarshalText()
	return err != nil || string(text) != key.String()
}

// mayPrint reports whether fmt may print values of t by a method of theirs: String, Error or
// Format.
func mayPrint(t reflect.Type) bool { return t.NumMethod() > 0 }

// printsOther reports whether fmt prints another text of key, a string or an integer, than that of
// its value.
func printsOther(key reflect.Value) bool {
	t := key.Type()
	if !mayPrint(t) || t.Implements(textMethods.Encode) || !key.CanInterface() {
		return false
	}
	var plain string
	switch {
	case key.CanInt():
		plain = strconv.FormatInt(key.Int(), 10)
	case key.CanUint():
		plain = strconv.FormatUint(key.Uint(), 10)
	default:
		plain = key.String()
	}
	return fmt.Sprint(key.Interface()) != plain
}

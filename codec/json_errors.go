package codec

import (
	"encoding/json"
	"errors"
	"reflect"

	"github.com/dynasession/dynasession/codec/internal/fault"
)

// jsonEncodeError returns an error that names what encoding/json couldn't write, but not the value.
func jsonEncodeError(err error) error {
	var kind *json.UnsupportedTypeError
	var value *json.UnsupportedValueError
	var custom *json.MarshalerError
	var ours *fault.Error
	switch {
	case errors.As(err, &custom):
		t := custom.Type
		if t.Kind() == reflect.Pointer { // until Go 1.26 it is the value's own type
			t = t.Elem()
		}
		return fault.Custom(custom.Err, "json: "+t.String()+" can't encode itself")
	case errors.As(err, &ours):
		return ours
	case errors.As(err, &kind):
		return fault.New(err, "json: %v can't be stored", kind.Type)
	case errors.As(err, &value):
		return fault.New(err, "json: a cycle or an invalid number can't be stored")
	}
	return fault.Custom(err, "json: can't be encoded")
}

// jsonDecodeError returns an error that says where the text is wrong, but not what it has there.
func jsonDecodeError(err error) error {
	var ours *fault.Error
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &ours):
		return fault.New(err, "json: %v", ours)
	case errors.As(err, &kind) && kind.Field != "":
		return fault.New(err, "json: field %s is not a %v", kind.Field, kind.Type)
	case errors.As(err, &kind):
		return fault.New(err, "json: is not a %v", kind.Type)
	case errors.As(err, &syntax):
		return fault.New(err, "json: syntax error at byte %d", syntax.Offset)
	}
	return fault.Custom(err, "json: can't be decoded")
}

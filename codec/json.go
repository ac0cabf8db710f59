package codec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"

	"github.com/dynasession/dynasession/codec/internal/fault"
	"github.com/dynasession/dynasession/codec/internal/generic"
	"github.com/dynasession/dynasession/codec/internal/shape"
)

// JSON is the default codec: encoding/json, in the format "json". It honours `json` tags and the methods MarshalJSON and
// MarshalText as encoding/json does, and does not escape HTML. The zero value is ready to use.
//
// What it can't give back it refuses. By its type, when a Manager is made: channels, functions, complex numbers, interfaces with
// methods, structs of which no field is exported, two fields of one name, a type that encodes itself and doesn't decode itself.
// By its value, in Encode: cycles, NaN and infinities, texts that aren't UTF-8, a pointer to a nil, and in an interface a struct,
// a pointer or bytes, which would come back as a map or a text.
//
// In an interface, as in a map[string]any, a number comes back as a float64 if that holds its value exactly and as a [json.Number]
// if not, a slice as []any, and a map as map[string]any.
type JSON[T any] struct{}

const formatJSON = "json"

var jsonFormat = shape.Format{
	Methods:           []shape.Methods{shape.JSONMethods(), shape.TextMethods()},
	NumberInInterface: true,
	NilEmbedded:       true,
	Folds:             true,
}

// Validate returns an error that names the field of T whose type can't be stored, if there is one.
func (JSON[T]) Validate() error {
	if _, err := jsonFormat.Of(reflect.TypeFor[T]()); err != nil {
		return fmt.Errorf("json: %w", err)
	}
	return nil
}

// Encode returns v as JSON text.
func (c JSON[T]) Encode(v T) (Payload, error) {
	s, err := jsonFormat.Of(reflect.TypeFor[T]())
	if err != nil {
		return nil, fmt.Errorf("json: %w", err)
	}
	if err := s.Check(reflect.ValueOf(&v).Elem()); err != nil {
		return nil, fmt.Errorf("json: %w", err)
	}
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	err = e.Encode(&v)
	b := bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
	if err != nil || replaced(b) {
		if err := s.CheckScalars(reflect.ValueOf(&v).Elem()); err != nil {
			return nil, fmt.Errorf("json: %w", err)
		}
	}
	if err != nil {
		return nil, jsonEncodeError(err)
	}
	p := Opaque(formatJSON, b)
	if s.Custom {
		if _, err := c.Decode(p); err != nil {
			return nil, fmt.Errorf("json: can't be read back: %w", err)
		}
	}
	return p, nil
}

// EncodeOver returns v as JSON text, followed by the members of stored that T has no field for, as they are written there, byte for byte:
// see [Keeper].
func (c JSON[T]) EncodeOver(v T, stored Payload) (Payload, error) {
	p, err := c.Encode(v)
	if err != nil {
		return nil, err
	}
	old, err := BytesOf(stored, formatJSON)
	if err != nil {
		return p, nil
	}
	fresh, err := p.Bytes()
	if err != nil {
		return nil, err
	}
	s, err := jsonFormat.Of(reflect.TypeFor[T]())
	if err != nil {
		return nil, fmt.Errorf("json: %w", err)
	}
	if all, ok := carryJSON(s.Plan, fresh, old); ok {
		return Opaque(formatJSON, all), nil
	}
	return p, nil
}

// Decode reads JSON text. Fields that T doesn't have are ignored, and those that the text doesn't have are zero.
func (c JSON[T]) Decode(p Payload) (T, error) {
	var v, zero T
	b, err := BytesOf(p, formatJSON)
	if err != nil {
		return zero, err
	}
	s, err := jsonFormat.Of(reflect.TypeFor[T]())
	if err != nil {
		return zero, fmt.Errorf("json: %w", err)
	}
	if b, err = checkJSON(b, s.Plan); err != nil {
		return zero, jsonDecodeError(err)
	}
	if s.Interfaces {
		err = unmarshalNumbers(b, &v)
	} else {
		err = json.Unmarshal(b, &v)
	}
	if err != nil {
		return zero, jsonDecodeError(err)
	}
	if halfSurrogate(b) {
		return zero, errors.New("json: a text has half of a surrogate pair, which is no character")
	}
	if isNull(b) && !s.TakesNull {
		return zero, fmt.Errorf("json: is null, and %v can't be", reflect.TypeFor[T]())
	}
	return v, nil
}

// unmarshalNumbers is json.Unmarshal, save that no number in an interface loses a digit.
func unmarshalNumbers(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fault.New(err, "more follows the value")
	}
	generic.Numbers(reflect.ValueOf(v).Elem())
	return nil
}

// replaced reports whether the encoder may have put a U+FFFD in the place of bytes that aren't UTF-8: it writes such a one
// as an escape, and a real one as it is.
func replaced(b []byte) bool {
	for {
		i := bytes.IndexByte(b, '\\')
		if i < 0 || i+1 >= len(b) {
			return false
		}
		if bytes.HasPrefix(b[i:], []byte(`\ufffd`)) {
			return true
		}
		b = b[i+2:]
	}
}

// halfSurrogate reports whether an escape of the text is one half of a surrogate pair without the other: encoding/json would put
// a U+FFFD in its place, without a word.
func halfSurrogate(b []byte) bool {
	for high := false; ; {
		i := bytes.IndexByte(b, '\\')
		if high && i != 0 {
			return true
		}
		if i < 0 || i+1 >= len(b) {
			return false
		}
		b = b[i:]
		code, isCode := uint64(0), false
		if b[1] == 'u' && len(b) >= 6 {
			var err error
			code, err = strconv.ParseUint(string(b[2:6]), 16, 16)
			isCode = err == nil
		}
		isHigh, isLow := isCode && code >= 0xd800 && code < 0xdc00, isCode && code >= 0xdc00 && code < 0xe000
		if high != isLow {
			return true
		}
		high = isHigh
		if isCode {
			b = b[6:]
		} else {
			b = b[2:]
		}
	}
}

// isNull reports whether a text that has been read is null.
func isNull(b []byte) bool { return string(bytes.TrimSpace(b)) == "null" }

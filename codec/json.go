package codec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"sync"
	"unicode/utf8"

	"github.com/dynasession/dynasession/codec/internal/fault"
	"github.com/dynasession/dynasession/codec/internal/generic"
	"github.com/dynasession/dynasession/codec/internal/opaque"
	"github.com/dynasession/dynasession/codec/internal/shape"
)

// JSON is the default codec: encoding/json, in the format "json". It honours `json` tags and the
// methods MarshalJSON and MarshalText as encoding/json does, and does not escape HTML. The zero
// value is ready to use.
//
// It refuses what it couldn't return unchanged. Validate refuses types: channels, functions,
// complex numbers, big.Float, interfaces with methods, structs without an exported field, two
// fields of one name, and types that encode but don't decode themselves. Encode refuses values:
// cycles, NaN and infinities, strings that aren't UTF-8, a key of a map that would come back as
// another, a pointer to a nil, an empty [json.Number] without omitempty (it would become 0), a
// [json.RawMessage] that is null (it would become nil), a value that omitempty or omitzero drops
// although it holds something, and a struct, a pointer or bytes in an interface (they would come
// back as a map or a string).
//
// A json.RawMessage comes back without white space between its tokens, and a time with its offset
// from UTC, or in UTC if the offset isn't whole minutes, as it was long ago.
//
// In an interface, as in a map[string]any, a number comes back as a float64 if that represents it
// exactly and otherwise as a [json.Number], a slice as []any, a map as map[string]any, and a nil
// slice or map as nil.
type JSON[T any] struct{}

const formatJSON = "json"

var jsonFormat = shape.Format{
	Methods:           shape.JSONMethods(),
	NumberInInterface: true,
	NilEmbedded:       true,
	TimesAsText:       true,
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
func (JSON[T]) Encode(v T) (Payload, error) {
	s, b, err := encodeJSON(&v)
	if err != nil {
		return nil, err
	}
	return opaque.Whole(formatJSON, b, s.Plan), nil
}

// EncodeOver returns v as JSON text, followed by the members of stored that T has no field for,
// byte for byte: see [Keeper].
func (JSON[T]) EncodeOver(v T, stored Payload) (Payload, error) {
	s, b, err := encodeJSON(&v)
	if err != nil {
		return nil, err
	}
	if old, err := BytesOf(stored, formatJSON); err == nil && !opaque.IsWhole(stored, s.Plan) {
		if all, ok := carryJSON(s.Plan, b, old); ok {
			if len(all) > EncodeLimit {
				return nil, &TooLargeError{Size: len(all), Limit: EncodeLimit}
			}
			return Opaque(formatJSON, all), nil
		}
	}
	return opaque.Whole(formatJSON, b, s.Plan), nil
}

// Decode reads JSON text. Fields that T doesn't have are ignored, and those that the text doesn't
// have are zero. If two names differ only in case, the exact one is read.
func (JSON[T]) Decode(p Payload) (T, error) {
	var v T
	b, err := BytesOf(p, formatJSON)
	if err == nil {
		err = decodeJSON(b, &v)
	}
	if err != nil {
		var zero T
		return zero, err
	}
	return v, nil
}

// encodeJSON encodes what v points to, a copy that it may change.
func encodeJSON(v any) (s *shape.Shape, b []byte, err error) {
	value := reflect.ValueOf(v).Elem()
	if s, err = jsonFormat.Of(value.Type()); err != nil {
		return nil, nil, fmt.Errorf("json: %w", err)
	}
	if n := s.LeastSize(value, EncodeLimit); n > EncodeLimit {
		return nil, nil, &TooLargeError{Size: n, Limit: EncodeLimit, AtLeast: true}
	}
	if err := s.Check(value); err != nil {
		return nil, nil, fmt.Errorf("json: %w", err)
	}
	s.MoveTimes(value)
	b, err = marshalJSON(v)
	if err != nil || replaced(b) {
		if err := s.CheckScalars(value); err != nil {
			return nil, nil, fmt.Errorf("json: %w", err)
		}
	}
	if err != nil {
		return nil, nil, s.Located(jsonEncodeError(err), value, formatJSON, jsonAlone)
	}
	if len(b) > EncodeLimit {
		return nil, nil, &TooLargeError{Size: len(b), Limit: EncodeLimit}
	}
	if s.Loose && len(b) > maxJSONDepth && !json.Valid(b) {
		return nil, nil, fmt.Errorf("json: is nested deeper than %d levels", maxJSONDepth)
	}
	if !s.Custom && !fewElements(b, s.Plan) {
		if _, err := checkJSON(b, s.Plan); err != nil {
			return nil, nil, jsonDecodeError(err)
		}
	}
	if s.Custom {
		if !utf8.Valid(b) {
			return nil, nil, errors.New("json: what a type encodes itself to is not UTF-8")
		}
		back := reflect.New(value.Type())
		if err := decodeJSON(b, back.Interface()); err != nil {
			return nil, nil, s.Located(fmt.Errorf("json: can't be read back: %w", err), value, formatJSON, jsonAlone)
		}
		if err := s.CheckBack(value, back.Elem()); err != nil {
			return nil, nil, fmt.Errorf("json: %w", err)
		}
	}
	return s, b, nil
}

func jsonAlone(v any) error {
	_, _, err := encodeJSON(v)
	return err
}

// jsonEncoder is an encoder and what it writes to.
type jsonEncoder struct {
	*json.Encoder
	out []byte
}

func (e *jsonEncoder) Write(p []byte) (int, error) {
	e.out = append(e.out, p...)
	return len(p), nil
}

var jsonEncoders = sync.Pool{New: func() any {
	e := new(jsonEncoder)
	e.Encoder = json.NewEncoder(e)
	e.SetEscapeHTML(false)
	return e
}}

// marshalJSON is json.Marshal without the escapes of HTML.
func marshalJSON(v any) (b []byte, err error) {
	defer func() {
		if p := fault.Panicked(recover(), "json: can't be encoded"); p != nil {
			b, err = nil, p
		}
	}()
	e := jsonEncoders.Get().(*jsonEncoder)
	err = e.Encode(v)
	b = bytes.TrimSuffix(e.out, []byte("\n"))
	e.out = nil
	jsonEncoders.Put(e)
	return b, err
}

// decodeJSON decodes into what v points to, a zero value.
func decodeJSON(b []byte, v any) error {
	value := reflect.ValueOf(v).Elem()
	s, err := jsonFormat.Of(value.Type())
	if err != nil {
		return fmt.Errorf("json: %w", err)
	}
	if b, err = checkJSON(b, s.Plan); err != nil {
		return jsonDecodeError(err)
	}
	text := b
	if s.Custom { // a method may keep it or change it
		text = bytes.Clone(b)
	}
	if err := unmarshalJSON(text, v, s); err != nil {
		return err
	}
	if s.Raw {
		generic.RawNulls(value)
	}
	if !utf8.Valid(b) {
		return errors.New("json: text is not UTF-8")
	}
	if halfSurrogate(b) {
		return errors.New("json: a text has half of a surrogate pair, which is no character")
	}
	if !s.TakesNull && isNull(b) {
		return fmt.Errorf("json: is null, and %v can't be", value.Type())
	}
	return nil
}

// unmarshalJSON decodes a text into what v points to. A panic of a type that decodes itself is an
// error.
func unmarshalJSON(b []byte, v any, s *shape.Shape) (err error) {
	defer func() {
		if p := fault.Panicked(recover(), "json: can't be decoded"); p != nil {
			err = p
		}
	}()
	if s.Interfaces {
		err = unmarshalNumbers(b, v)
	} else {
		err = json.Unmarshal(b, v)
	}
	if err != nil {
		return jsonDecodeError(err)
	}
	return nil
}

// unmarshalNumbers is json.Unmarshal, except that no number in an interface loses a digit.
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

// replaced reports whether the encoder may have replaced bytes that aren't UTF-8 by U+FFFD. Until
// Go 1.26 it wrote the replacement as an escape, which the tag's option string escapes again; since
// then it looks like a U+FFFD of the value.
func replaced(b []byte) bool {
	if bytes.Contains(b, []byte(string(utf8.RuneError))) {
		return true
	}
	for {
		i := bytes.IndexByte(b, '\\')
		if i < 0 || i+1 >= len(b) {
			return false
		}
		if bytes.HasPrefix(b[i:], []byte(`\ufffd`)) || bytes.HasPrefix(b[i:], []byte(`\\ufffd`)) {
			return true
		}
		b = b[i+2:]
	}
}

// halfSurrogate reports whether an escape of the text is one half of a surrogate pair without the
// other: encoding/json would silently replace it by U+FFFD.
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

// isNull reports whether a valid text is null.
func isNull(b []byte) bool { return string(bytes.TrimSpace(b)) == "null" }

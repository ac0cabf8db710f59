// Package msgpack is the compact codec: MessagePack, about two thirds of the size of JSON, and quicker.
//
//	sessions.New(store, &sessions.Config[Cart]{Codec: msgpack.Codec[Cart]{}})
package msgpack

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/internal/fault"
	"github.com/dynasession/dynasession/codec/internal/shape"
)

// Format is the name of the format.
const Format = "msgpack"

// Codec encodes T as MessagePack, by vmihailenco/msgpack. A field's name comes from its `msgpack` tag, else from its `json` tag,
// else it is Go's; a field that the `json` tag excludes is not stored. The methods EncodeMsgpack, MarshalMsgpack, MarshalBinary
// and MarshalText are honoured, MarshalJSON is not. The zero value is ready to use.
//
// What it can't give back it refuses, as [codec.JSON] does, and besides: embedded pointers, structs that hide fields behind
// MarshalJSON, and in an interface a [json.Number]. NaN and infinities are kept, and so are texts that aren't UTF-8.
//
// A time comes back in the local zone. In an interface, as in a map[string]any, an integer comes back as an int64 or, if it
// was encoded unsigned, as a uint64, any other number as a float64, a slice as []any, and a map as map[string]any.
type Codec[T any] struct{}

var format = shape.Format{
	Tag:         "msgpack",
	OwnTagFirst: true,
	Methods: []shape.Methods{
		{Encode: reflect.TypeFor[msgpack.CustomEncoder](), Decode: reflect.TypeFor[msgpack.CustomDecoder](), Name: "EncodeMsgpack"},
		{Encode: reflect.TypeFor[msgpack.Marshaler](), Decode: reflect.TypeFor[msgpack.Unmarshaler](), Name: "MarshalMsgpack"},
		shape.BinaryMethods(),
		shape.TextMethods(),
	},
}

// Validate returns an error that names the field of T whose type can't be stored, if there is one.
func (Codec[T]) Validate() error {
	if _, err := format.Of(reflect.TypeFor[T]()); err != nil {
		return fmt.Errorf("msgpack: %w", err)
	}
	return nil
}

// Encode returns v as MessagePack. The keys of maps are sorted: the same value always gives the same bytes.
func (c Codec[T]) Encode(v T) (codec.Payload, error) {
	s, err := format.Of(reflect.TypeFor[T]())
	if err != nil {
		return nil, fmt.Errorf("msgpack: %w", err)
	}
	if err := s.Check(reflect.ValueOf(&v).Elem()); err != nil {
		return nil, fmt.Errorf("msgpack: %w", err)
	}
	b, err := marshal(&v)
	if err != nil {
		return nil, err
	}
	if s.Maps || s.Interfaces {
		if b, err = canonical(b); err != nil {
			return nil, err
		}
	}
	p := codec.Opaque(Format, b)
	if s.Custom {
		if _, err := c.Decode(p); err != nil {
			return nil, fmt.Errorf("msgpack: can't be read back: %w", err)
		}
	}
	return p, nil
}

// EncodeOver returns v as MessagePack, with the members of stored that T has no field for after those that it has, in each struct: see
// [codec.Keeper].
func (c Codec[T]) EncodeOver(v T, stored codec.Payload) (codec.Payload, error) {
	p, err := c.Encode(v)
	if err != nil {
		return nil, err
	}
	old, err := codec.BytesOf(stored, Format)
	if err != nil {
		return p, nil
	}
	s, err := format.Of(reflect.TypeFor[T]())
	if err != nil {
		return nil, fmt.Errorf("msgpack: %w", err)
	}
	fresh, err := p.Bytes()
	if err != nil {
		return nil, err
	}
	if all, ok := carry(s.Plan, fresh, old); ok {
		return codec.Opaque(Format, all), nil
	}
	return p, nil
}

// Decode reads MessagePack. Fields that T doesn't have are ignored, and those that the bytes don't have are zero.
func (c Codec[T]) Decode(p codec.Payload) (T, error) {
	var v, zero T
	b, err := codec.BytesOf(p, Format)
	if err != nil {
		return zero, err
	}
	s, err := format.Of(reflect.TypeFor[T]())
	if err != nil {
		return zero, fmt.Errorf("msgpack: %w", err)
	}
	if len(b) == 1 && b[0] == codeNil && !s.TakesNull {
		return zero, fmt.Errorf("msgpack: is nil, and %v can't be", reflect.TypeFor[T]())
	}
	b, numbers, err := harmless(b)
	if err != nil {
		return zero, err
	}
	if err := check(b, numbers, s.Plan); err != nil {
		return zero, err
	}
	if err := unmarshal(b, &v); err != nil {
		return zero, err
	}
	return v, nil
}

func marshal(v any) (b []byte, err error) {
	defer func() {
		if p := fault.Panicked(recover(), "msgpack: can't be encoded"); p != nil {
			err = p
		}
	}()
	var buf bytes.Buffer
	e := msgpack.GetEncoder()
	e.Reset(&buf)
	e.SetCustomStructTag("json")
	e.SetSortMapKeys(true)
	e.UseCompactInts(true)
	err = e.Encode(v)
	msgpack.PutEncoder(e)
	if err != nil {
		return nil, fault.Custom(err, "msgpack: can't be encoded")
	}
	return buf.Bytes(), nil
}

func unmarshal(b []byte, v any) (err error) {
	defer func() {
		if p := fault.Panicked(recover(), "msgpack: can't be decoded"); p != nil {
			err = p
		}
	}()
	r := bytes.NewReader(b)
	d := msgpack.GetDecoder()
	d.Reset(r)
	d.SetCustomStructTag("json")
	d.UseLooseInterfaceDecoding(true)
	err = d.Decode(v)
	msgpack.PutDecoder(d)
	if err != nil {
		return fault.Custom(err, "msgpack: can't be decoded")
	}
	if r.Len() > 0 {
		return errors.New("msgpack: more follows the value")
	}
	return nil
}

// Package msgpack is the compact codec: MessagePack takes about two thirds of the size of JSON and
// is faster.
//
//	sessions.New(store, &sessions.Config[Cart]{Codec: msgpack.Codec[Cart]{}})
package msgpack

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"sync"

	"github.com/vmihailenco/msgpack/v5"
	"github.com/vmihailenco/tagparser/v2"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/internal/fault"
	"github.com/dynasession/dynasession/codec/internal/opaque"
	"github.com/dynasession/dynasession/codec/internal/shape"
)

// Format is the name of this codec's format.
const Format = "msgpack"

// Codec encodes T as MessagePack, with vmihailenco/msgpack. A field's name comes from its `msgpack`
// tag, else from its `json` tag, else from Go; a field that the `json` tag excludes is not stored.
// The methods EncodeMsgpack, MarshalMsgpack, MarshalBinary and MarshalText are honoured,
// MarshalJSON is not. The zero value is ready to use.
//
// It refuses what it couldn't return unchanged, as [codec.JSON] does, and also: embedded pointers,
// structs that hide fields behind MarshalJSON, and a [json.Number] in an interface. It accepts NaN,
// infinities and strings that aren't UTF-8.
//
// A time comes back in the local zone. In an interface, as in a map[string]any, a signed integer
// comes back as an int64, an unsigned one as a uint64, any other number as a float64, a slice as
// []any, a map as map[string]any, and a nil slice or map as nil.
type Codec[T any] struct{}

var format = shape.Format{
	Tag:         "msgpack",
	OwnTagFirst: true,
	ParseTag: func(s string) (name string, options map[string]string) {
		tag := tagparser.Parse(s)
		return tag.Name, tag.Options
	},
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

// Encode returns v as MessagePack. Map keys are sorted, so the same value always gives the same
// bytes.
func (Codec[T]) Encode(v T) (codec.Payload, error) {
	s, b, err := encode(&v)
	if err != nil {
		return nil, err
	}
	return opaque.Whole(Format, b, s.Plan), nil
}

// EncodeOver returns v as MessagePack; in each struct the members of stored that T has no field for
// follow its own: see [codec.Keeper].
func (Codec[T]) EncodeOver(v T, stored codec.Payload) (codec.Payload, error) {
	s, b, err := encode(&v)
	if err != nil {
		return nil, err
	}
	if old, err := codec.BytesOf(stored, Format); err == nil && !opaque.IsWhole(stored, s.Plan) {
		if all, ok := carry(s.Plan, b, old); ok {
			if len(all) > codec.EncodeLimit {
				return nil, &codec.TooLargeError{Size: len(all), Limit: codec.EncodeLimit}
			}
			return codec.Opaque(Format, all), nil
		}
	}
	return opaque.Whole(Format, b, s.Plan), nil
}

// Decode reads MessagePack. Fields that T doesn't have are ignored, and those that the bytes don't
// have are zero.
func (Codec[T]) Decode(p codec.Payload) (T, error) {
	var v T
	b, err := codec.BytesOf(p, Format)
	if err == nil {
		err = decode(b, &v)
	}
	if err != nil {
		var zero T
		return zero, err
	}
	return v, nil
}

// encode encodes the value that v points to.
func encode(v any) (s *shape.Shape, b []byte, err error) {
	value := reflect.ValueOf(v).Elem()
	if s, err = format.Of(value.Type()); err != nil {
		return nil, nil, fmt.Errorf("msgpack: %w", err)
	}
	least := s.LeastSize(value, codec.EncodeLimit)
	if least > codec.EncodeLimit {
		return nil, nil, &codec.TooLargeError{Size: least, Limit: codec.EncodeLimit, AtLeast: true}
	}
	if err := s.Check(value); err != nil {
		return nil, nil, fmt.Errorf("msgpack: %w", err)
	}
	if b, err = marshal(v); err != nil {
		return nil, nil, s.Located(err, value, Format, alone)
	}
	if len(b) > codec.EncodeLimit {
		return nil, nil, &codec.TooLargeError{Size: len(b), Limit: codec.EncodeLimit}
	}
	if s.Maps || s.Interfaces {
		if b, err = canonical(b); err != nil {
			return nil, nil, err
		}
	}
	if !s.Custom && (s.Loose && len(b) > maxDepth || !fewElements(b, s.Plan)) {
		if _, numbers, err := harmless(b); err != nil {
			return nil, nil, err
		} else if err := check(b, numbers, s.Plan); err != nil {
			return nil, nil, err
		}
	}
	if s.Custom {
		back := reflect.New(value.Type())
		if err := decode(b, back.Interface()); err != nil {
			return nil, nil, s.Located(fmt.Errorf("msgpack: can't be read back: %w", err), value, Format, alone)
		}
		if err := s.CheckBack(value, back.Elem()); err != nil {
			return nil, nil, fmt.Errorf("msgpack: %w", err)
		}
	}
	return s, b, nil
}

func alone(v any) error {
	_, _, err := encode(v)
	return err
}

// decode decodes b into the zero value that v points to.
func decode(b []byte, v any) error {
	t := reflect.TypeOf(v).Elem()
	s, err := format.Of(t)
	if err != nil {
		return fmt.Errorf("msgpack: %w", err)
	}
	if len(b) == 1 && b[0] == codeNil && !s.TakesNull {
		return fmt.Errorf("msgpack: is nil, and %v can't be", t)
	}
	b, numbers, err := harmless(b)
	if err != nil {
		return err
	}
	if err := check(b, numbers, s.Plan); err != nil {
		return err
	}
	return unmarshal(b, v)
}

// buffers holds buffers that have grown to what values take.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// mostBuffered is the size from which a buffer is not worth keeping.
const mostBuffered = 64 << 10

func marshal(v any) (b []byte, err error) {
	defer func() {
		if p := fault.Panicked(recover(), "msgpack: can't be encoded"); p != nil {
			err = p
		}
	}()
	buf := buffers.Get().(*bytes.Buffer)
	e := msgpack.GetEncoder()
	e.Reset(buf)
	e.SetCustomStructTag("json")
	e.SetSortMapKeys(true)
	e.UseCompactInts(true)
	err = e.Encode(v)
	msgpack.PutEncoder(e)
	if err != nil {
		return nil, fault.Custom(err, "msgpack: can't be encoded")
	}
	b = bytes.Clone(buf.Bytes())
	if buf.Cap() <= mostBuffered {
		buf.Reset()
		buffers.Put(buf)
	}
	return b, nil
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

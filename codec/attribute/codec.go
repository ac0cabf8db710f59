// Package attribute is the native codec: it stores each field of T as a DynamoDB attribute, which
// the console shows, expressions can use and exports contain.
//
//	sessions.New(store, &sessions.Config[Cart]{Codec: attribute.Codec[Cart]{}})
//
// It works with any store: package dynamo stores the attributes themselves, other stores get them
// as DynamoDB JSON.
package attribute

import (
	"fmt"
	"reflect"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/internal/fault"
	"github.com/dynasession/dynasession/codec/internal/generic"
	"github.com/dynasession/dynasession/codec/internal/shape"
)

// Codec encodes T with the SDK's feature/dynamodb/attributevalue. A field's name comes from its
// `json` tag, else from its `dynamodbav` tag, else from Go; a field that the `json` tag excludes is
// not stored. The options of `dynamodbav` tags, such as stringset, work in both tags, except
// unixtime: a time is always stored as text. The methods MarshalDynamoDBAttributeValue, MarshalText
// and MarshalBinary are honoured; MarshalJSON is not. The zero value is ready to use.
//
// It refuses what it couldn't return unchanged, as [codec.JSON] does, and also: what DynamoDB
// refuses, which is numbers below 1e-130 or above 9.9e125, empty map keys, more than 31 levels of
// nesting, a duplicate or empty member of a set, and a nil in a [][]byte; options of tags that
// would change values, such as omitemptyelem and nullemptyelem; a key of a map that fmt prints as
// another text, such as a time.Duration; and structs that hide fields behind MarshalJSON. The
// members of a set come back in any order, and times as from JSON. A [][]byte is a list unless it
// is tagged binaryset.
//
// In an interface, as in a map[string]any, a number comes back as a float64 if that represents it
// exactly and otherwise as a json.Number, a slice or set as []any, a map as map[string]any, a nil
// slice or map as an empty one or, inside another, as nil, and bytes as []byte.
type Codec[T any] struct{}

// Validate returns an error that names the field of T whose type can't be stored, if there is one.
func (Codec[T]) Validate() error {
	if _, err := format.Of(reflect.TypeFor[T]()); err != nil {
		return fmt.Errorf("attribute: %w", err)
	}
	return nil
}

// Encode returns v as a [Value].
func (Codec[T]) Encode(v T) (codec.Payload, error) {
	s, av, err := encode(&v)
	if err != nil {
		return nil, err
	}
	return wholeValue(av, s.Plan), nil
}

// EncodeOver returns v as a [Value], with the members of stored that T has no field for: see
// [codec.Keeper].
func (Codec[T]) EncodeOver(v T, stored codec.Payload) (codec.Payload, error) {
	s, av, err := encode(&v)
	if err != nil {
		return nil, err
	}
	if s.Plan.Named {
		if old, err := plainValueOf(stored); err == nil && old.whole != s.Plan {
			carry(av, old.AttributeValue(), s.Plan)
			if n := SizeOf(av); n > codec.EncodeLimit {
				return nil, &codec.TooLargeError{Size: n, Limit: codec.EncodeLimit}
			}
			return NewValue(av), nil
		}
	}
	return wholeValue(av, s.Plan), nil
}

// Decode reads a [Value], or the DynamoDB JSON that another store kept of one. Fields that T
// doesn't have are ignored, and those that the value doesn't have are zero. If two names differ
// only in case, the exact one is read.
func (Codec[T]) Decode(p codec.Payload) (T, error) {
	var v T
	value, err := plainValueOf(p)
	if err == nil {
		err = decode(value.AttributeValue(), &v)
	}
	if err != nil {
		var zero T
		return zero, err
	}
	return v, nil
}

// encode encodes the value that v points to, a copy that it may change.
func encode(v any) (s *shape.Shape, av types.AttributeValue, err error) {
	value := reflect.ValueOf(v).Elem()
	if s, err = format.Of(value.Type()); err != nil {
		return nil, nil, fmt.Errorf("attribute: %w", err)
	}
	least := s.LeastSize(value, codec.EncodeLimit)
	if least > codec.EncodeLimit {
		return nil, nil, &codec.TooLargeError{Size: least, Limit: codec.EncodeLimit, AtLeast: true}
	}
	if err := s.Check(value); err != nil {
		return nil, nil, fmt.Errorf("attribute: %w", err)
	}
	s.MoveTimes(value)
	av, err = marshal(v)
	if err == nil && (s.Custom || least > codec.EncodeLimit/mostDigits) {
		if n := SizeOf(av); n > codec.EncodeLimit {
			return nil, nil, &codec.TooLargeError{Size: n, Limit: codec.EncodeLimit}
		}
	}
	if err == nil {
		if s.Custom {
			av = clone(av)
		}
		if s.Plan.ByteLists {
			av = listed(av, s.Plan)
		}
		av, err = storable(av)
	}
	if err != nil {
		if err := s.CheckScalars(value); err != nil {
			return nil, nil, fmt.Errorf("attribute: %w", err)
		}
		return nil, nil, s.Located(err, value, "attribute", alone)
	}
	if !s.Custom && s.Plan.Unit > 0 {
		if _, err := check(av, s.Plan); err != nil {
			return nil, nil, err
		}
	}
	if s.Custom {
		back := reflect.New(value.Type())
		if err := decode(av, back.Interface()); err != nil {
			return nil, nil, s.Located(fmt.Errorf("attribute: can't be read back: %w", err), value, "attribute", alone)
		}
		if err := s.CheckBack(value, back.Elem()); err != nil {
			return nil, nil, fmt.Errorf("attribute: %w", err)
		}
	}
	return s, av, nil
}

func alone(v any) error {
	_, _, err := encode(v)
	return err
}

// mostDigits is the length of the longest number, in bytes. It counts as one byte before it is
// encoded.
const mostDigits = 21

// decode decodes av into the zero value that v points to.
func decode(av types.AttributeValue, v any) error {
	value := reflect.ValueOf(v).Elem()
	s, err := format.Of(value.Type())
	if err != nil {
		return fmt.Errorf("attribute: %w", err)
	}
	if _, null := av.(*types.AttributeValueMemberNULL); null && !s.TakesNull {
		return fmt.Errorf("attribute: is NULL, and %v can't be", value.Type())
	}
	if av, err = check(av, s.Plan); err != nil {
		return err
	}
	if s.Custom {
		av = clone(av)
	}
	if err := unmarshal(av, v); err != nil {
		return err
	}
	if s.Interfaces {
		generic.Numbers(value)
	}
	return nil
}

// The SDK's encoder and decoder have no state but their options.
var (
	encoder = attributevalue.NewEncoder(func(o *attributevalue.EncoderOptions) {
		o.TagKey = "json"
		o.UseEncodingMarshalers = true
		o.NullEmptySets = false // an empty set comes back empty, not nil: see storable
	})
	decoder = attributevalue.NewDecoder(func(o *attributevalue.DecoderOptions) {
		o.TagKey = "json"
		o.UseEncodingUnmarshalers = true
		o.UseNumber = true
	})
)

func marshal(v any) (av types.AttributeValue, err error) {
	defer func() {
		if p := fault.Panicked(recover(), "attribute: can't be encoded"); p != nil {
			av, err = nil, p
		}
	}()
	// v is a pointer, behind which the encoder recognises neither nil nor an interface.
	switch top := reflect.ValueOf(v).Elem(); top.Kind() {
	case reflect.Map, reflect.Slice, reflect.Pointer, reflect.Interface:
		if top.IsNil() {
			return &types.AttributeValueMemberNULL{Value: true}, nil
		}
		if top.Kind() == reflect.Interface {
			v = top.Interface()
		}
	}
	av, err = encoder.Encode(v)
	if err != nil {
		return nil, fault.Custom(err, "attribute: can't be encoded")
	}
	return av, nil
}

func unmarshal(av types.AttributeValue, v any) (err error) {
	defer func() {
		if p := fault.Panicked(recover(), "attribute: can't be decoded"); p != nil {
			err = p
		}
	}()
	if err = decoder.Decode(av, v); err != nil {
		return decodeError(err)
	}
	return nil
}

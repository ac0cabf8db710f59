package attribute

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"

	"github.com/dynasession/dynasession/codec/internal/shape"
)

// Format is the name of this codec's format.
const Format = "dynamodb"

var format = shape.Format{
	Tag: "dynamodbav",
	Methods: []shape.Methods{
		{
			Encode: reflect.TypeFor[attributevalue.Marshaler](),
			Decode: reflect.TypeFor[attributevalue.Unmarshaler](),
			Name:   "MarshalDynamoDBAttributeValue",
		},
		shape.TextMethods(),
		shape.BinaryMethods(),
	},
	Leaf: isTime,
	Field: func(f reflect.StructField) (known bool, err error) {
		has := func(o string) bool { return option(f, "dynamodbav", o) || option(f, "json", o) }
		for _, o := range []string{"omitemptyelem", "nullemptyelem"} {
			if has(o) {
				return false, fmt.Errorf("the option %s of its tag would change its elements", o)
			}
		}
		t := target(f.Type)
		for _, o := range []string{"stringset", "numberset", "binaryset"} {
			if has(o) && (t.Kind() == reflect.Slice || t.Kind() == reflect.Array) && encodesItself(target(t.Elem())) {
				return false, fmt.Errorf("%v encodes itself, and in a set it is not decoded: take the option %s from the tag", t.Elem(), o)
			}
		}
		switch {
		case has("string") && (t.Kind() == reflect.Interface || isTime(t) && t != reflect.TypeFor[time.Time]()):
			return false, fmt.Errorf("the option string of its tag is for numbers, and changes values of %v: take it from the tag", t)
		case has("unixtime") && isTime(t) && t != reflect.TypeFor[time.Time]():
			return false, errors.New("the option unixtime of its tag would cut the time to whole seconds: take it from the tag")
		}
		return false, nil
	},
	Folds:             true,
	TimesAsText:       true,
	BytesInInterface:  true,
	NumberInInterface: true,

	NoPointerToInterface: true,
	NoTypedBytes:         true,
	PrintsKeys:           true,
	NilEmbedded:          true,
}

func isTime(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && t.ConvertibleTo(reflect.TypeFor[time.Time]())
}

// encodesItself reports whether the encoder calls a method of t, which is no pointer, that the
// decoder of sets doesn't undo. It reads times.
func encodesItself(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return !isTime(t) && t != reflect.TypeFor[json.Number]() && (p.Implements(reflect.TypeFor[attributevalue.Marshaler]()) ||
		p.Implements(reflect.TypeFor[encoding.TextMarshaler]()) || p.Implements(reflect.TypeFor[encoding.BinaryMarshaler]()))
}

// target returns the type that t points to, or t.
func target(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

// option reports whether f's tag with that key has the option.
func option(f reflect.StructField, key, option string) bool {
	return slices.Contains(strings.Split(f.Tag.Get(key), ",")[1:], option)
}

package attribute

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"

	"github.com/dynasession/dynasession/codec/internal/shape"
)

// Format is the name of the format.
const Format = "dynamodb"

var errByteSet = errors.New("a [][]byte becomes a set, without order: tag it `dynamodbav:\",binaryset\"` if that will do, or give its element a type of its own")

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
	Leaf: func(t reflect.Type) bool {
		return t.Kind() == reflect.Struct && t.ConvertibleTo(reflect.TypeFor[time.Time]())
	},
	Type: func(t reflect.Type) error {
		if t == reflect.TypeFor[[][]byte]() {
			return errByteSet
		}
		return nil
	},
	Field: func(f reflect.StructField) (known bool, err error) {
		return f.Type == reflect.TypeFor[[][]byte]() && (option(f, "dynamodbav", "binaryset") || option(f, "json", "binaryset")), nil
	},
	BytesInInterface:  true,
	NumberInInterface: true,
	NilEmbedded:       true,
}

// option reports whether f's tag of that key has the option.
func option(f reflect.StructField, key, option string) bool {
	return slices.Contains(strings.Split(f.Tag.Get(key), ",")[1:], option)
}

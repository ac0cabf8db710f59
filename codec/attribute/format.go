package attribute

import (
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
	Leaf: func(t reflect.Type) bool {
		return t.Kind() == reflect.Struct && t.ConvertibleTo(reflect.TypeFor[time.Time]())
	},
	Field: func(f reflect.StructField) (known bool, err error) {
		for _, o := range []string{"omitemptyelem", "nullemptyelem"} {
			if option(f, "dynamodbav", o) || option(f, "json", o) {
				return false, fmt.Errorf("the option %s of its tag would change its elements", o)
			}
		}
		return false, nil
	},
	Folds:             true,
	TimesAsText:       true,
	BytesInInterface:  true,
	NumberInInterface: true,

	NoPointerToInterface: true,
	NoTypedBytes:         true,
	NilEmbedded:          true,
}

// option reports whether f's tag with that key has the option.
func option(f reflect.StructField, key, option string) bool {
	return slices.Contains(strings.Split(f.Tag.Get(key), ",")[1:], option)
}

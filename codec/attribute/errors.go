package attribute

import (
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"

	"github.com/dynasession/dynasession/codec/internal/fault"
)

// decodeError returns an error that names the type that a value doesn't fit, but not the value,
// which the SDK's error may quote.
func decodeError(err error) error {
	var kind *attributevalue.UnmarshalTypeError
	if !errors.As(err, &kind) {
		return fault.Custom(err, "attribute: can't be decoded")
	}
	switch {
	case strings.HasPrefix(kind.Value, "number overflow"):
		return fault.New(err, "attribute: a number is out of the range of %v", kind.Type)
	case strings.HasPrefix(kind.Value, "map key"):
		return fault.New(err, "attribute: the key of a map is not a %v", kind.Type)
	}
	return fault.New(err, "attribute: a %s is not a %v", kind.Value, kind.Type) // "string", "list"
}

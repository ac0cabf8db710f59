package attribute

import (
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/dynasession/dynasession/codec"
)

// Value is the payload of this format: one attribute value. Printed, it shows its format and nothing of what it holds.
type Value struct {
	get func() types.AttributeValue // a function, which no verb of fmt looks into
}

// NewValue returns av as a payload. It keeps av, which must not be changed afterwards.
func NewValue(av types.AttributeValue) Value {
	return Value{get: func() types.AttributeValue { return av }}
}

// ValueOf returns p as a Value: p itself if it is one, else what its bytes, DynamoDB JSON, hold. The error is [codec.ErrFormat] if
// p is of another format.
func ValueOf(p codec.Payload) (Value, error) {
	if v, ok := p.(Value); ok {
		if v.AttributeValue() == nil {
			return Value{}, errors.New("attribute: the value is nil")
		}
		return v, nil
	}
	b, err := codec.BytesOf(p, Format)
	if err != nil {
		return Value{}, err
	}
	av, err := fromJSON(b)
	if err != nil {
		return Value{}, err
	}
	return NewValue(av), nil
}

// AttributeValue returns what v holds. The caller must not change it.
func (v Value) AttributeValue() types.AttributeValue {
	if v.get == nil {
		return nil
	}
	return v.get()
}

// Format returns "dynamodb".
func (Value) Format() string { return Format }

// Bytes returns v as DynamoDB JSON, the keys sorted.
func (v Value) Bytes() ([]byte, error) { return toJSON(v.AttributeValue()) }

// Equal reports whether p is of this format and holds the same value: DynamoDB writes a number in its own way and gives a set in
// any order, so that the bytes may differ.
func (v Value) Equal(p codec.Payload) bool {
	other, err := ValueOf(p)
	return err == nil && equal(v.AttributeValue(), other.AttributeValue())
}

// String tells the format and the type.
func (v Value) String() string {
	return fmt.Sprintf("%s payload of type %s", Format, typeName(v.AttributeValue()))
}

// GoString is String.
func (v Value) GoString() string { return v.String() }

// typeName returns DynamoDB's letters for the type of av.
func typeName(av types.AttributeValue) string {
	switch av.(type) {
	case *types.AttributeValueMemberS:
		return "S"
	case *types.AttributeValueMemberN:
		return "N"
	case *types.AttributeValueMemberB:
		return "B"
	case *types.AttributeValueMemberBOOL:
		return "BOOL"
	case *types.AttributeValueMemberNULL:
		return "NULL"
	case *types.AttributeValueMemberM:
		return "M"
	case *types.AttributeValueMemberL:
		return "L"
	case *types.AttributeValueMemberSS:
		return "SS"
	case *types.AttributeValueMemberNS:
		return "NS"
	case *types.AttributeValueMemberBS:
		return "BS"
	}
	return "unknown"
}

package attribute

import (
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/dynasession/dynasession/codec"
)

// Value is the payload of this format: one attribute value. Printed, it shows its format and
// nothing of what it holds.
type Value struct {
	get    func() types.AttributeValue // a function, which no verb of fmt looks into
	format string                      // "": Format
}

// NewValue returns av as a payload. It keeps av, which must not be changed afterwards.
func NewValue(av types.AttributeValue) Value {
	return Value{get: func() types.AttributeValue { return av }}
}

// IsNative reports whether a format is this one, "dynamodb", or a version of it, such as the
// "v2+dynamodb" of [codec.Version]: whether a payload of it is a [Value], which a store may keep as
// an attribute of DynamoDB's own.
func IsNative(format string) bool {
	for {
		n, of := codec.SplitVersion(format)
		if n == 0 {
			return format == Format
		}
		format = of
	}
}

// ValueOf returns p as a Value of the same format: p itself if it is one, else what its bytes,
// DynamoDB JSON, hold. The error is [codec.ErrFormat] unless [IsNative] says that the format is
// native.
func ValueOf(p codec.Payload) (Value, error) {
	if v, ok := p.(Value); ok {
		if v.AttributeValue() == nil {
			return Value{}, errors.New("attribute: the value is nil")
		}
		return v, nil
	}
	format := Format
	if p != nil && IsNative(p.Format()) {
		format = p.Format()
	}
	b, err := codec.BytesOf(p, format)
	if err != nil {
		return Value{}, err
	}
	av, err := fromJSON(b)
	if err != nil {
		return Value{}, err
	}
	v := NewValue(av)
	v.format = format
	return v, nil
}

// plainValueOf is ValueOf for the format without a version.
func plainValueOf(p codec.Payload) (Value, error) {
	if p != nil && p.Format() != Format {
		return Value{}, fmt.Errorf("%w: have %q, want %q", codec.ErrFormat, p.Format(), Format)
	}
	return ValueOf(p)
}

// AttributeValue returns what v holds. The caller must not change it.
func (v Value) AttributeValue() types.AttributeValue {
	if v.get == nil {
		return nil
	}
	return v.get()
}

// WithFormat returns the same value as one of another format: a Value if [IsNative] says that it is
// native, and else its bytes, as DynamoDB JSON.
func (v Value) WithFormat(format string) codec.Payload {
	if IsNative(format) {
		v.format = format
		return v
	}
	b, err := v.Bytes()
	if err != nil {
		b = nil // no value: nothing reads it
	}
	return codec.Opaque(format, b)
}

// Format returns "dynamodb", or the version of it that v is.
func (v Value) Format() string {
	if v.format == "" {
		return Format
	}
	return v.format
}

// Bytes returns v as DynamoDB JSON, the keys sorted.
func (v Value) Bytes() ([]byte, error) { return toJSON(v.AttributeValue()) }

// Equal reports whether p is of the same format and holds the same value: DynamoDB writes a number
// in its own way and gives a set in any order, so that the bytes may differ.
func (v Value) Equal(p codec.Payload) bool {
	if p == nil || p.Format() != v.Format() {
		return false
	}
	other, err := ValueOf(p)
	return err == nil && equal(v.AttributeValue(), other.AttributeValue())
}

// String tells the format and the type.
func (v Value) String() string {
	return fmt.Sprintf("%s payload of type %s", v.Format(), TypeName(v.AttributeValue()))
}

// GoString is String.
func (v Value) GoString() string { return v.String() }

// TypeName returns DynamoDB's letters for the type of av.
func TypeName(av types.AttributeValue) string {
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

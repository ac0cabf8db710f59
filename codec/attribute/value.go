package attribute

import (
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/internal/fault"
	"github.com/dynasession/dynasession/codec/internal/shape"
)

// Value is the payload of this format: one attribute value. When printed, it shows its format but
// not its content.
type Value struct {
	get    func() types.AttributeValue // a function, so that no verb of fmt prints it
	format string                      // "": Format
	whole  *shape.Plan                 // if not nil, the value has no member unknown to its type
}

// NewValue returns av as a payload. It doesn't copy av, which the caller must not change
// afterwards.
func NewValue(av types.AttributeValue) Value {
	return Value{get: func() types.AttributeValue { return av }}
}

// wholeValue returns av as a payload, which was encoded only from a value of the plan's type.
func wholeValue(av types.AttributeValue, plan *shape.Plan) Value {
	v := NewValue(av)
	v.whole = plan
	return v
}

// IsNative reports whether format is "dynamodb" or a version of it, such as the "v2+dynamodb" of
// [codec.Version]. A payload of such a format is a [Value], which a store may keep as a DynamoDB
// attribute.
func IsNative(format string) bool {
	for {
		n, of := codec.SplitVersion(format)
		if n == 0 {
			return format == Format
		}
		format = of
	}
}

// ValueOf returns p as a Value of the same format: p itself if it is a Value, otherwise the value
// of its bytes, which are DynamoDB JSON. The error is [codec.ErrFormat] if p's format is not
// native; see [IsNative].
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

// plainValueOf is ValueOf for a format without a version.
func plainValueOf(p codec.Payload) (Value, error) {
	if p != nil && p.Format() != Format {
		return Value{}, fmt.Errorf("%w: have %q, want %q", codec.ErrFormat, fault.Short(p.Format()), Format)
	}
	return ValueOf(p)
}

// AttributeValue returns the attribute value that v holds. The caller must not change it.
func (v Value) AttributeValue() types.AttributeValue {
	if v.get == nil {
		return nil
	}
	return v.get()
}

// WithFormat returns the same value under another format: as a Value if that format is native,
// otherwise as bytes of DynamoDB JSON.
func (v Value) WithFormat(format string) codec.Payload {
	if IsNative(format) {
		v.format = format
		return v
	}
	b, err := v.Bytes()
	if err != nil {
		b = nil // not valid JSON: no codec reads it
	}
	return codec.Opaque(format, b)
}

// Format returns "dynamodb", or v's version of it, such as "v2+dynamodb".
func (v Value) Format() string {
	if v.format == "" {
		return Format
	}
	return v.format
}

// Bytes returns v as DynamoDB JSON with sorted keys.
func (v Value) Bytes() ([]byte, error) { return toJSON(v.AttributeValue()) }

// Equal reports whether p has the same format and value. The bytes may differ, since DynamoDB
// normalises numbers and returns sets in any order.
func (v Value) Equal(p codec.Payload) bool {
	if p == nil || p.Format() != v.Format() {
		return false
	}
	other, err := ValueOf(p)
	return err == nil && equal(v.AttributeValue(), other.AttributeValue())
}

// String returns the format and the DynamoDB type, not the content.
func (v Value) String() string {
	return fmt.Sprintf("%s payload of type %s", v.Format(), TypeName(v.AttributeValue()))
}

// GoString returns the same as String.
func (v Value) GoString() string { return v.String() }

// TypeName returns DynamoDB's abbreviation of av's type, such as "S" or "NS".
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

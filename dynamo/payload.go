package dynamo

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/attribute"
)

// formatJSON is the format that is stored as text, and whose name is not: what dynamodb-session-web writes.
const formatJSON = "json"

// encodePayload puts p into r: JSON as the text that it is, a native value as it is, and any other format as bytes.
func (r *row) encodePayload(p codec.Payload) error {
	if p == nil {
		return errors.New("record has no payload")
	}
	format := p.Format()
	switch format {
	case "":
		return errors.New("payload has no format")
	case attribute.Format:
		v, err := attribute.ValueOf(p)
		if err != nil {
			return fmt.Errorf("payload: %w", err)
		}
		r[colData] = v.AttributeValue()
	case formatJSON:
		b, err := p.Bytes()
		if err != nil {
			return fmt.Errorf("payload: %w", err)
		}
		if !utf8.Valid(b) {
			return errors.New("payload of format json is not UTF-8")
		}
		r[colData] = text(string(b))
		return nil
	default:
		b, err := p.Bytes()
		if err != nil {
			return fmt.Errorf("payload: %w", err)
		}
		r[colData] = &types.AttributeValueMemberB{Value: b}
	}
	r[colFormat] = text(format)
	return nil
}

// payload returns what encodePayload has stored.
func (d *decoder) payload(data types.AttributeValue, format string) codec.Payload {
	switch {
	case data == nil:
		d.fail(attrData, errMissing)
		return nil
	case format == attribute.Format:
		return attribute.NewValue(data)
	case format == "" || format == formatJSON:
		if s, ok := data.(*types.AttributeValueMemberS); ok {
			return codec.Opaque(formatJSON, []byte(s.Value))
		}
		d.fail(attrData, fmt.Errorf("is of type %s, and JSON is stored as S", typeOf(data)))
	default:
		if b, ok := data.(*types.AttributeValueMemberB); ok {
			return codec.Opaque(format, b.Value)
		}
		d.fail(attrData, fmt.Errorf("is of type %s, and format %q is stored as B", typeOf(data), format))
	}
	return nil
}

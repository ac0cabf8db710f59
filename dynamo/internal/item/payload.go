package item

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/attribute"
)

// formatJSON is the format that is stored as text and without its name, as dynamodb-session-web
// does.
const formatJSON = "json"

// kind is the attribute type that the data of a format is stored as.
type kind int

const (
	asBytes  kind = iota // B
	asText               // S
	asNative             // any native type
)

// kindOf decides how a format is stored.
func kindOf(format string) kind {
	_, of := codec.SplitVersion(format)
	switch {
	case of == formatJSON:
		return asText
	case attribute.IsNative(format):
		return asNative
	default:
		return asBytes
	}
}

// encodePayload puts p into r.
func (r *Row) encodePayload(p codec.Payload) error {
	if p == nil {
		return errors.New("record has no payload")
	}
	name := p.Format()
	if name == "" {
		return errors.New("payload has no format")
	}
	k := kindOf(name)
	if k == asNative {
		v, err := attribute.ValueOf(p)
		if err != nil {
			return fmt.Errorf("payload: %w", err)
		}
		r[data], r[format] = v.AttributeValue(), Text(name)
		return nil
	}
	b, err := p.Bytes()
	switch {
	case err != nil:
		return fmt.Errorf("payload: %w", err)
	case k == asBytes:
		r[data] = &types.AttributeValueMemberB{Value: b}
	case !utf8.Valid(b):
		return fmt.Errorf("payload of format %s is not UTF-8", name)
	default:
		r[data] = Text(string(b))
	}
	if name != formatJSON {
		r[format] = Text(name)
	}
	return nil
}

// payload returns what encodePayload has stored.
func (d *decoder) payload(av types.AttributeValue, name string) codec.Payload {
	if av == nil {
		d.fail(names[data], errMissing)
		return nil
	}
	if name == "" {
		name = formatJSON
	}
	switch kindOf(name) {
	case asNative:
		return attribute.NewValue(av).WithFormat(name)
	case asText:
		if s, ok := av.(*types.AttributeValueMemberS); ok {
			return codec.Opaque(name, []byte(s.Value))
		}
		d.fail(names[data], fmt.Errorf("is of type %s, and format %q is stored as S", attribute.TypeName(av), name))
	default:
		if b, ok := av.(*types.AttributeValueMemberB); ok {
			return codec.Opaque(name, b.Value)
		}
		d.fail(names[data], fmt.Errorf("is of type %s, and format %q is stored as B", attribute.TypeName(av), name))
	}
	return nil
}

package attribute

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/dynasession/dynasession/codec/internal/fault"
)

// toJSON returns av as DynamoDB JSON, {"M": {"name": {"S": "…"}}}. Unlike
// attributevalue.MarshalJSON it sorts the keys.
func toJSON(av types.AttributeValue) ([]byte, error) {
	tree, err := toTree(av)
	if err != nil {
		return nil, err
	}
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	if err := e.Encode(tree); err != nil {
		return nil, fault.Custom(err, "attribute: can't be written as JSON")
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

func toTree(av types.AttributeValue) (map[string]any, error) {
	var v any
	switch av := av.(type) {
	case *types.AttributeValueMemberS:
		v = av.Value
	case *types.AttributeValueMemberN:
		v = av.Value
	case *types.AttributeValueMemberB:
		v = append([]byte{}, av.Value...) // never null
	case *types.AttributeValueMemberBOOL:
		v = av.Value
	case *types.AttributeValueMemberNULL:
		v = av.Value
	case *types.AttributeValueMemberSS:
		v = av.Value
	case *types.AttributeValueMemberNS:
		v = av.Value
	case *types.AttributeValueMemberBS:
		v = av.Value
	case *types.AttributeValueMemberM:
		m := make(map[string]any, len(av.Value))
		for k, e := range av.Value {
			t, err := toTree(e)
			if err != nil {
				return nil, err
			}
			m[k] = t
		}
		v = m
	case *types.AttributeValueMemberL:
		l := make([]any, len(av.Value))
		for i, e := range av.Value {
			t, err := toTree(e)
			if err != nil {
				return nil, err
			}
			l[i] = t
		}
		v = l
	default:
		return nil, fmt.Errorf("attribute: a value of type %s", TypeName(av))
	}
	return map[string]any{TypeName(av): v}, nil
}

// fromJSON reads DynamoDB JSON.
func fromJSON(b []byte) (types.AttributeValue, error) {
	av, err := attributevalue.UnmarshalJSON(b)
	if err != nil {
		return nil, fault.New(err, "attribute: is not DynamoDB JSON")
	}
	if av == nil {
		return nil, errors.New("attribute: is not DynamoDB JSON: there is no value")
	}
	if av, err = storable(av); err != nil {
		return nil, err
	}
	return av, nil
}

package attribute

import (
	"bytes"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// clone returns a copy of av that shares no memory with it. A type that encodes or decodes itself
// may keep what it returns and gets.
func clone(av types.AttributeValue) types.AttributeValue {
	switch av := av.(type) {
	case *types.AttributeValueMemberS:
		return &types.AttributeValueMemberS{Value: av.Value}
	case *types.AttributeValueMemberN:
		return &types.AttributeValueMemberN{Value: av.Value}
	case *types.AttributeValueMemberB:
		return &types.AttributeValueMemberB{Value: bytes.Clone(av.Value)}
	case *types.AttributeValueMemberM:
		m := make(map[string]types.AttributeValue, len(av.Value))
		for name, member := range av.Value {
			m[name] = clone(member)
		}
		return &types.AttributeValueMemberM{Value: m}
	case *types.AttributeValueMemberL:
		l := make([]types.AttributeValue, len(av.Value))
		for i, member := range av.Value {
			l[i] = clone(member)
		}
		return &types.AttributeValueMemberL{Value: l}
	case *types.AttributeValueMemberSS:
		return &types.AttributeValueMemberSS{Value: slices.Clone(av.Value)}
	case *types.AttributeValueMemberNS:
		return &types.AttributeValueMemberNS{Value: slices.Clone(av.Value)}
	case *types.AttributeValueMemberBS:
		sets := make([][]byte, len(av.Value))
		for i, member := range av.Value {
			sets[i] = bytes.Clone(member)
		}
		return &types.AttributeValueMemberBS{Value: sets}
	case *types.AttributeValueMemberBOOL:
		return &types.AttributeValueMemberBOOL{Value: av.Value}
	case *types.AttributeValueMemberNULL:
		return &types.AttributeValueMemberNULL{Value: av.Value}
	}
	return av
}

package attribute

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/matryer/is"
)

func TestToJSON_IsWhatTheSDKReads(t *testing.T) {
	is := is.New(t)
	av := &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{
		"s": &types.AttributeValueMemberS{Value: "\u2028<"}, "n": &types.AttributeValueMemberN{Value: "1"},
		"b": &types.AttributeValueMemberB{Value: []byte{0, 255}}, "e": &types.AttributeValueMemberB{},
		"t": &types.AttributeValueMemberBOOL{Value: true}, "z": &types.AttributeValueMemberNULL{Value: true},
		"ss": &types.AttributeValueMemberSS{Value: []string{"x"}}, "ns": &types.AttributeValueMemberNS{Value: []string{"1"}},
		"bs": &types.AttributeValueMemberBS{Value: [][]byte{{1}}},
		"l":  &types.AttributeValueMemberL{Value: []types.AttributeValue{&types.AttributeValueMemberS{Value: ""}}},
		"m":  &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{}},
	}}
	b, err := toJSON(av)
	is.NoErr(err)
	got, err := attributevalue.UnmarshalJSON(b)
	is.NoErr(err)
	is.True(equal(av, got))
	back, err := fromJSON(b)
	is.NoErr(err)
	is.True(equal(av, back))
}

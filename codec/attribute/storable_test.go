package attribute

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/matryer/is"
)

func TestStorable_Mends(t *testing.T) {
	for in, want := range map[string]string{
		`{"N":""}`:                       `{"NULL":true}`,
		`{"SS":[]}`:                      `{"L":[]}`,
		`{"M":{"a":{"NS":[]}}}`:          `{"M":{"a":{"L":[]}}}`,
		`{"L":[{"BS":[]},{"N":""}]}`:     `{"L":[{"L":[]},{"NULL":true}]}`,
		`{"L":[{"B":""},{"NULL":true}]}`: `{"L":[{"B":""},{"NULL":true}]}`,
	} {
		t.Run(in, func(t *testing.T) {
			is := is.New(t)
			av, err := fromJSON([]byte(in))
			is.NoErr(err)
			b, err := toJSON(av)
			is.NoErr(err)
			is.Equal(string(b), want)
		})
	}
}

func TestStorable_RefusesWhatIsNoValue(t *testing.T) {
	for _, av := range []types.AttributeValue{
		nil, &types.UnknownUnionMember{Tag: "X"},
		&types.AttributeValueMemberL{Value: []types.AttributeValue{nil}},
		&types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"": &types.AttributeValueMemberS{}}},
		&types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"\xff": &types.AttributeValueMemberS{}}},
		&types.AttributeValueMemberS{Value: "\xff"},
	} {
		if _, err := storable(av); err == nil {
			t.Errorf("%T is taken", av)
		}
	}
}

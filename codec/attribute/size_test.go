package attribute

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func s(text string) types.AttributeValue { return &types.AttributeValueMemberS{Value: text} }

func TestSizeOf(t *testing.T) {
	for name, c := range map[string]struct {
		value types.AttributeValue
		want  int
	}{
		"text":              {s("héllo"), 6},
		"empty text":        {s(""), 0},
		"bytes":             {&types.AttributeValueMemberB{Value: make([]byte, 100)}, 100},
		"true":              {&types.AttributeValueMemberBOOL{Value: true}, 1},
		"null":              {&types.AttributeValueMemberNULL{Value: true}, 1},
		"empty list":        {&types.AttributeValueMemberL{}, 3},
		"list of two texts": {&types.AttributeValueMemberL{Value: []types.AttributeValue{s("ab"), s("c")}}, 3 + 1 + 2 + 1 + 1},
		"empty map":         {&types.AttributeValueMemberM{}, 3},
		"map of one text":   {&types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"name": s("ab")}}, 3 + 1 + 4 + 2},
		"set of texts":      {&types.AttributeValueMemberSS{Value: []string{"a", "bc"}}, 3},
		"set of numbers":    {&types.AttributeValueMemberNS{Value: []string{"1", "12"}}, 4},
		"set of bytes":      {&types.AttributeValueMemberBS{Value: [][]byte{{1}, {2, 3}}}, 3},
	} {
		if got := SizeOf(c.value); got != c.want {
			t.Errorf("%s: %d bytes, want %d", name, got, c.want)
		}
		if got := NewValue(c.value).Size(); got != c.want {
			t.Errorf("%s: a Value of %d bytes, want %d", name, got, c.want)
		}
	}
}

// A byte for every two significant digits, and one more; zeros at either end are not significant.
func TestNumberSize(t *testing.T) {
	for n, want := range map[string]int{
		"0": 1, "1": 2, "12": 2, "123": 3, "1234": 3, "1200": 2, "0.0012": 2, "-1": 3, "-12.34": 4,
		"1767225600": 5, "99999999999999999999999999999999999999": 20, "1E+20": 2, "1.5e-100": 2,
	} {
		if got := numberSize(n); got != want {
			t.Errorf("%s: %d bytes, want %d", n, got, want)
		}
	}
}

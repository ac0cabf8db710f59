package attribute

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// maxDepth is how deep a value may be nested: DynamoDB allows 32 levels, and the item is one of
// them. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
const maxDepth = 31

var errUTF8 = errors.New("attribute: a text is not UTF-8")

// storable returns av if DynamoDB accepts it, and an error if DynamoDB would refuse it or store
// another value. It replaces two values that DynamoDB doesn't have: an empty json.Number becomes
// NULL, which is read back as an empty one, and an empty set becomes an empty list, which is read
// back into the same field.
func storable(av types.AttributeValue) (types.AttributeValue, error) { return mend(av, 0) }

func mend(av types.AttributeValue, depth int) (types.AttributeValue, error) {
	switch av := av.(type) {
	case *types.AttributeValueMemberBOOL, *types.AttributeValueMemberNULL, *types.AttributeValueMemberB:
		return av, nil
	case *types.AttributeValueMemberS:
		if !utf8.ValidString(av.Value) {
			return nil, errUTF8
		}
		return av, nil
	case *types.AttributeValueMemberN:
		if av.Value == "" {
			return &types.AttributeValueMemberNULL{Value: true}, nil
		}
		return av, checkNumber(av.Value)
	case *types.AttributeValueMemberM, *types.AttributeValueMemberL:
		if depth++; depth > maxDepth {
			return nil, fmt.Errorf("attribute: is nested deeper than %d levels", maxDepth)
		}
		return mendInside(av, depth)
	}
	return mendSet(av)
}

func mendInside(av types.AttributeValue, depth int) (types.AttributeValue, error) {
	var err error
	switch av := av.(type) {
	case *types.AttributeValueMemberM:
		for k, v := range av.Value {
			if k == "" || !utf8.ValidString(k) {
				return nil, errors.New("attribute: the key of a map is empty or not UTF-8")
			}
			if av.Value[k], err = mend(v, depth); err != nil {
				return nil, err
			}
		}
	case *types.AttributeValueMemberL:
		for i, v := range av.Value {
			if av.Value[i], err = mend(v, depth); err != nil {
				return nil, err
			}
		}
	}
	return av, nil
}

package cost_test

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// sizeOf returns the size of an item as AWS counts it: names and values; a number takes a byte for
// every two digits and one more; a document takes 3 bytes and one for each member. It is
// independent of the code in package dynamo, which the tests check against it.
func sizeOf(item map[string]types.AttributeValue) int {
	sum := 0
	for name, v := range item {
		sum += len(name) + sizeOfValue(v)
	}
	return sum
}

func sizeOfValue(v types.AttributeValue) int {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return len(v.Value)
	case *types.AttributeValueMemberB:
		return len(v.Value)
	case *types.AttributeValueMemberN:
		digits := strings.Trim(strings.Replace(v.Value, ".", "", 1), "-0")
		return (len(digits)+1)/2 + 1 + strings.Count(v.Value, "-")
	case *types.AttributeValueMemberM:
		return 3 + len(v.Value) + sizeOf(v.Value)
	case *types.AttributeValueMemberL:
		sum := 3
		for _, e := range v.Value {
			sum += 1 + sizeOfValue(e)
		}
		return sum
	}
	return 1 // BOOL or NULL; the items have no sets
}

// units returns how many units of the given size are charged for size bytes.
func units(size, unit int) int { return (size + unit - 1) / unit }

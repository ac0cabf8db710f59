package cost_test

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// sizeOf returns the bytes of an item as AWS counts them: names and values; a byte for two digits of a number and one more; 3 bytes for
// a document, and one for each of its members. It is written here again, to check what dynamo refuses and DynamoDB Local charges.
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
	return 1 // a truth value, or null; there are no sets here
}

// units returns how many of so many bytes it takes.
func units(size, unit int) int { return (size + unit - 1) / unit }

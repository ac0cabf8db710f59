package attribute

import "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

// Size returns how many bytes v takes in an item; see [SizeOf].
func (v Value) Size() int { return SizeOf(v.AttributeValue()) }

// A document costs 3 bytes, and each of its members one more.
const (
	documentSize = 3
	memberSize   = 1
)

// SizeOf returns how many bytes av takes in an item, by the rules of "DynamoDB item sizes and
// formats" in AWS's developer guide. It doesn't include the attribute's name, which DynamoDB counts
// as well.
func SizeOf(av types.AttributeValue) int {
	switch v := av.(type) {
	case *types.AttributeValueMemberS:
		return len(v.Value)
	case *types.AttributeValueMemberN:
		return numberSize(v.Value)
	case *types.AttributeValueMemberB:
		return len(v.Value)
	case *types.AttributeValueMemberM:
		size := documentSize
		for name, member := range v.Value {
			size += len(name) + memberSize + SizeOf(member)
		}
		return size
	case *types.AttributeValueMemberL:
		size := documentSize
		for _, member := range v.Value {
			size += memberSize + SizeOf(member)
		}
		return size
	case *types.AttributeValueMemberSS:
		return sumSize(v.Value, func(s string) int { return len(s) })
	case *types.AttributeValueMemberNS:
		return sumSize(v.Value, numberSize)
	case *types.AttributeValueMemberBS:
		return sumSize(v.Value, func(b []byte) int { return len(b) })
	default: // a boolean or null
		return 1
	}
}

func sumSize[E any](members []E, size func(E) int) int {
	sum := 0
	for _, m := range members {
		sum += size(m)
	}
	return sum
}

// numberSize returns the size of a number: a byte for every two significant digits, one more, and
// another one if it is negative.
func numberSize(n string) int {
	digits, first, last := 0, -1, -1
	for i := 0; i < len(n) && n[i] != 'e' && n[i] != 'E'; i++ {
		if n[i] < '0' || n[i] > '9' {
			continue
		}
		if n[i] != '0' {
			if first < 0 {
				first = digits
			}
			last = digits
		}
		digits++
	}
	size := 1
	if first >= 0 {
		significant := last - first + 1
		size += (significant + 1) / 2
	}
	if len(n) > 0 && n[0] == '-' {
		size++
	}
	return size
}

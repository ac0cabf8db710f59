package dynamo

import (
	"errors"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// refusal returns the item on which a write's condition failed, nil if there was none, and whether that is what happened.
func refusal(err error) (item map[string]types.AttributeValue, ok bool) {
	var failed *types.ConditionalCheckFailedException
	if !errors.As(err, &failed) {
		return nil, false
	}
	return failed.Item, true
}

// wrote reports whether item is what the write of this rev has stored.
func wrote(item map[string]types.AttributeValue, rev string) bool {
	s, ok := item[attrRev].(*types.AttributeValueMemberS)
	return ok && rev != "" && s.Value == rev
}

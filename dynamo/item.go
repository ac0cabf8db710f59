package dynamo

import (
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/dynasession/dynasession/sessions"
)

// The attributes of an item; the package comment tells what they hold.
const (
	attrID       = "id"
	attrCreated  = "created"
	attrAccessed = "accessed"
	attrExpires  = "expires"
	attrIdle     = "idle_timeout"
	attrAbsolute = "absolute_timeout"
	attrData     = "data"
	attrFormat   = "format"
	attrRev      = "rev"
	attrSubject  = "subject"
)

// maxKey is the length of the longest partition key, in bytes.
const maxKey = 2048

type item = map[string]types.AttributeValue

// encodeItem returns the item of rec: it lacks what is empty, and fits into DynamoDB.
func encodeItem(rec sessions.Record) (item, error) {
	if rec.Key == "" || len(rec.Key) > maxKey {
		return nil, fmt.Errorf("key of %d bytes: must have at least 1 and at most %d", len(rec.Key), maxKey)
	}
	it := make(item, 10)
	it[attrID] = text(rec.Key)
	for _, a := range []struct {
		name string
		time time.Time
	}{{attrCreated, rec.Created}, {attrAccessed, rec.Accessed}} {
		s, err := formatTime(a.time)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", a.name, err)
		}
		it[a.name] = text(s)
	}
	it[attrExpires] = number(formatEpoch(rec.ExpiresAt()))
	it[attrIdle] = number(formatSeconds(rec.IdleTimeout))
	it[attrAbsolute] = number(formatSeconds(rec.AbsoluteTimeout))
	if rec.Rev != "" {
		it[attrRev] = text(rec.Rev)
	}
	if rec.Subject != "" {
		it[attrSubject] = text(rec.Subject)
	}
	if err := encodePayload(it, rec.Payload); err != nil {
		return nil, err
	}
	if size := itemSize(it); size > maxItem {
		return nil, &sessions.TooLargeError{Size: size, Limit: maxItem}
	}
	return it, nil
}

func text(s string) types.AttributeValue   { return &types.AttributeValueMemberS{Value: s} }
func number(n string) types.AttributeValue { return &types.AttributeValueMemberN{Value: n} }

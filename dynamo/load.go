package dynamo

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/dynasession/dynasession/sessions"
)

// Load is [sessions.Store]'s: one GetItem, consistent unless the Config says otherwise.
func (s *Store) Load(ctx context.Context, key string) (sessions.Record, error) {
	c, err := s.begin(ctx)
	if err != nil {
		return sessions.Record{}, err
	}
	defer c.cancel()
	in := s.loadInput(key)
	in.ReturnConsumedCapacity = c.capacity()
	out, err := s.getItem(c, in)
	if err != nil {
		return sessions.Record{}, c.failedRead(err)
	}
	c.read(out.ConsumedCapacity)
	if len(out.Item) == 0 || isPhantom(out.Item) {
		return sessions.Record{}, sessions.ErrNotFound
	}
	return decodeItem(out.Item)
}

func (s *Store) loadInput(key string) *dynamodb.GetItemInput {
	return &dynamodb.GetItemInput{TableName: s.table, Key: keyOf(key), ConsistentRead: s.consistent}
}

// isPhantom reports whether an item is what a touch of dynamodb-session-web leaves that comes after the session was destroyed: times,
// and nothing else. It is no session.
func isPhantom(it item) bool {
	for _, name := range []string{attrData, attrIdle, attrAbsolute, attrRev} {
		if it[name] != nil {
			return false
		}
	}
	return it[attrAccessed] != nil && it[attrExpires] != nil
}

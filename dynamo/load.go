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
	out, err := s.api.GetItem(c.ctx, s.loadInput(key), c.options)
	if err != nil {
		return sessions.Record{}, c.failedRead(err)
	}
	if len(out.Item) == 0 {
		return sessions.Record{}, sessions.ErrNotFound
	}
	return decodeItem(out.Item)
}

func (s *Store) loadInput(key string) *dynamodb.GetItemInput {
	return &dynamodb.GetItemInput{TableName: s.table, Key: keyOf(key), ConsistentRead: s.consistent}
}

package dynamo

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// Delete is [sessions.Store]'s: one DeleteItem without a condition, which may be applied any number of times.
func (s *Store) Delete(ctx context.Context, key string) error {
	c, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer c.cancel()
	in := s.deleteInput(key)
	in.ReturnConsumedCapacity = c.capacity()
	out, err := s.api.DeleteItem(c.ctx, in, c.options)
	if err != nil {
		return c.failedWrite(err)
	}
	c.wroteOne(out.ConsumedCapacity)
	return nil
}

func (s *Store) deleteInput(key string) *dynamodb.DeleteItemInput {
	return &dynamodb.DeleteItemInput{TableName: s.table, Key: keyOf(key)}
}

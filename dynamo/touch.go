package dynamo

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/dynasession/dynasession/sessions"
)

// Touch is [sessions.Store]'s: one UpdateItem of two attributes, on condition that the item is there and neither moves back.
func (s *Store) Touch(ctx context.Context, key string, accessed, expires time.Time) error {
	in, err := s.touchInput(key, accessed, expires)
	if err != nil {
		return err
	}
	c, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer c.cancel()
	in.ReturnConsumedCapacity = c.capacity()
	out, err := s.api.UpdateItem(c.ctx, in, c.options)
	if err == nil {
		c.wroteOne(out.ConsumedCapacity)
		return nil
	}
	it, refused := refusal(err)
	switch {
	case !refused:
		return c.failedWrite(err)
	case it == nil:
		return sessions.ErrNotFound // whatever became of an earlier attempt
	default:
		return nil // touched as late or later by another, or by an attempt of ours
	}
}

func (s *Store) touchInput(key string, accessed, expires time.Time) (*dynamodb.UpdateItemInput, error) {
	at, err := formatTime(accessed)
	if err != nil {
		return nil, err
	}
	return &dynamodb.UpdateItemInput{
		TableName:           s.table,
		Key:                 keyOf(key),
		UpdateExpression:    aws.String("SET accessed = :a, expires = :e"),
		ConditionExpression: aws.String("attribute_exists(id) AND accessed < :a AND expires <= :e"),
		ExpressionAttributeValues: item{
			":a": text(at),
			":e": number(formatEpoch(expires)),
		},
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}, nil
}

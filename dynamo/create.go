package dynamo

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/dynasession/dynasession/sessions"
)

// Create is [sessions.Store]'s: one PutItem, on condition that there is no item of that key.
func (s *Store) Create(ctx context.Context, rec sessions.Record) error {
	in, err := s.createInput(rec)
	if err != nil {
		return err
	}
	c, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer c.cancel()
	in.ReturnConsumedCapacity = c.capacity()
	out, err := s.api.PutItem(c.ctx, in, c.options)
	if err == nil {
		c.wroteOne(out.ConsumedCapacity)
		return nil
	}
	it, refused := refusal(err)
	switch {
	case !refused:
		return c.failedWrite(err)
	case wrote(it, rec.Rev):
		return c.recovered()
	default:
		return c.refused(sessions.ErrExists)
	}
}

func (s *Store) createInput(rec sessions.Record) (*dynamodb.PutItemInput, error) {
	r, err := encodeItem(rec)
	if err != nil {
		return nil, err
	}
	return &dynamodb.PutItemInput{
		TableName:                           s.table,
		Item:                                r.item(),
		ConditionExpression:                 aws.String("attribute_not_exists(id)"),
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}, nil
}

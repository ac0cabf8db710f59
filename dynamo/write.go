package dynamo

import (
	"bytes"
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/dynasession/dynasession/dynamo/internal/item"
	"github.com/dynasession/dynasession/sessions/driver"
)

// Each write is one call with a condition on the item. If the condition does not hold, the answer
// has the item, and says so which of the contract's errors it is.
const returnItem = types.ReturnValuesOnConditionCheckFailureAllOld

// The conditions. A record always has an idle timeout; a marker and a phantom have none.
const (
	nothingIsStored = "attribute_not_exists(id)"
	isRecord        = "attribute_exists(idle_timeout)"
)

var isRev, hasNoRev = "#rev = :old", isRecord + " AND attribute_not_exists(#rev)"

// missing returns the error of a write that needs a record, where there is none: nil if there is
// one.
func missing(c *call, old item.Item) error {
	err := item.Absence(old)
	if err == nil {
		return nil
	}
	return c.refused(err)
}

// Create implements [driver.Store] by one PutItem.
func (s *Store) Create(ctx context.Context, rec driver.Record) error {
	row, err := item.Encode(rec)
	if err != nil {
		return err
	}
	_, err = s.write(ctx, &dynamodb.PutItemInput{
		TableName:                           s.table,
		Item:                                row.Item(),
		ConditionExpression:                 aws.String(nothingIsStored),
		ReturnValuesOnConditionCheckFailure: returnItem,
	}, func(c *call, old item.Item) error {
		marker, ended := item.MarkerOf(old)
		switch {
		case item.IsOwnWrite(old, rec.Rev):
			return c.recovered()
		case ended: // and stays so, whatever became of an earlier attempt
			return &driver.EndedError{Marker: marker}
		default:
			return c.refused(driver.ErrExists)
		}
	})
	return err
}

// Replace implements [driver.Store] by one UpdateItem. It keeps attributes that are not part of a
// record.
func (s *Store) Replace(ctx context.Context, rec driver.Record, rev string) error {
	in, err := s.replaceInput(rec, rev)
	if err != nil {
		return err
	}
	_, err = s.write(ctx, in, func(c *call, old item.Item) error {
		if item.IsOwnWrite(old, rec.Rev) {
			return c.recovered()
		}
		if err := missing(c, old); err != nil {
			return err
		}
		return c.refused(driver.ErrConflict)
	})
	return err
}

func (s *Store) replaceInput(rec driver.Record, rev string) (*dynamodb.UpdateItemInput, error) {
	row, err := item.Encode(rec)
	if err != nil {
		return nil, err
	}
	expression, names, values := row.Replace()
	condition := &isRev
	if rev != "" {
		values[":old"] = item.Text(rev)
	} else {
		condition = &hasNoRev
	}
	return &dynamodb.UpdateItemInput{
		TableName:                           s.table,
		Key:                                 row.Key(),
		UpdateExpression:                    expression,
		ConditionExpression:                 condition,
		ExpressionAttributeNames:            names,
		ExpressionAttributeValues:           values,
		ReturnValuesOnConditionCheckFailure: returnItem,
	}, nil
}

// Touch implements [driver.Store] by one UpdateItem of two attributes.
func (s *Store) Touch(ctx context.Context, key string, accessed, expires time.Time) error {
	at, err := item.FormatTime(accessed)
	if err != nil {
		return err
	}
	_, err = s.write(ctx, &dynamodb.UpdateItemInput{
		TableName:           s.table,
		Key:                 keyOf(key),
		UpdateExpression:    aws.String("SET accessed = :a, expires = :e"),
		ConditionExpression: aws.String(isRecord + " AND accessed < :a AND expires <= :e"),
		ExpressionAttributeValues: item.Item{
			":a": item.Text(at),
			":e": item.Number(item.FormatEpoch(expires)),
		},
		ReturnValuesOnConditionCheckFailure: returnItem,
	}, func(_ *call, old item.Item) error {
		return item.Absence(old) // nil: touched as late or later, by another or by an earlier attempt
	})
	return err
}

// Bind implements [driver.Store] by one UpdateItem of one attribute.
func (s *Store) Bind(ctx context.Context, key string, binding, was []byte) error {
	in := &dynamodb.UpdateItemInput{
		TableName:                           s.table,
		Key:                                 keyOf(key),
		UpdateExpression:                    aws.String("SET binding = :new"),
		ConditionExpression:                 aws.String(isRecord + " AND binding = :was"),
		ExpressionAttributeValues:           item.Item{},
		ReturnValuesOnConditionCheckFailure: returnItem,
	}
	if len(binding) > 0 {
		in.ExpressionAttributeValues[":new"] = &types.AttributeValueMemberB{Value: binding}
	} else {
		in.UpdateExpression = aws.String("REMOVE binding")
	}
	if len(was) > 0 {
		in.ExpressionAttributeValues[":was"] = &types.AttributeValueMemberB{Value: was}
	} else {
		in.ConditionExpression = aws.String(isRecord + " AND attribute_not_exists(binding)")
	}
	if len(in.ExpressionAttributeValues) == 0 {
		in.ExpressionAttributeValues = nil // DynamoDB refuses an empty map
	}
	_, err := s.write(ctx, in, func(c *call, old item.Item) error {
		if err := missing(c, old); err != nil {
			return err
		}
		if bytes.Equal(item.Binding(old), binding) {
			return c.recovered()
		}
		return c.refused(driver.ErrConflict)
	})
	return err
}

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

// Each write is one call with a condition on the item. If the condition does not hold, the response
// has the item, which shows which error of the contract it is.
const returnItem = types.ReturnValuesOnConditionCheckFailureAllOld

// The conditions. A record always has an idle timeout; a marker has none, nor has the item that
// Python's touch leaves after a logout.
const (
	nothingIsStored = "attribute_not_exists(id)"
	isRecord        = "attribute_exists(idle_timeout)"
)

var isRev, hasNoRev = "#rev = :old", isRecord + " AND attribute_not_exists(#rev)"

// missing returns the error of a write that needs a record if there is none, and nil if there is
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
		case ended: // whether or not an earlier attempt was applied
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
		return item.Absence(old) // nil: another call or an earlier attempt has touched it as late
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

// End implements [driver.Store] by one PutItem of the marker, or one DeleteItem if there is no
// marker.
func (s *Store) End(ctx context.Context, e driver.End) (driver.Record, error) {
	old, err := s.end(ctx, e, "")
	if err != nil {
		return driver.Record{}, err
	}
	return item.Remains(old), nil
}

// end ends a session. accessed is the text that the condition demands; "" means the text of
// e.If.Accessed.
func (s *Store) end(ctx context.Context, e driver.End, accessed string) (item.Item, error) {
	condition, names, values, err := endCondition(e.If, accessed)
	if err != nil {
		return nil, err
	}
	deletes := e.Marker == driver.Marker{}
	var in any = &dynamodb.DeleteItemInput{
		TableName: s.table, Key: keyOf(e.Key), ReturnValues: types.ReturnValueAllOld,
		ConditionExpression: &condition, ExpressionAttributeNames: names, ExpressionAttributeValues: values,
		ReturnValuesOnConditionCheckFailure: returnItem,
	}
	if !deletes {
		marker, err := item.EncodeMarker(e.Key, e.Marker)
		if err != nil {
			return nil, err
		}
		in = &dynamodb.PutItemInput{
			TableName: s.table, Item: marker, ReturnValues: types.ReturnValueAllOld,
			ConditionExpression: &condition, ExpressionAttributeNames: names, ExpressionAttributeValues: values,
			ReturnValuesOnConditionCheckFailure: returnItem,
		}
	}
	var otherForm string
	old, err := s.write(ctx, in, func(c *call, old item.Item) error {
		if marker, ended := item.MarkerOf(old); ended {
			if !deletes && marker.Rev == e.Marker.Rev {
				return c.recovered()
			}
			// Whether or not an earlier attempt was applied.
			return &driver.EndedError{Marker: marker}
		}
		reason := driver.ErrConflict
		switch {
		case e.If == nil || e.If.Absent:
		case item.Absence(old) != nil:
			reason = driver.ErrNotFound
		case accessed == "" && !e.If.Accessed.IsZero() && item.Rev(old) == e.If.Rev:
			if at, text := item.Accessed(old); at.Equal(e.If.Accessed) {
				otherForm = text
			}
		}
		if deletes {
			return c.refused(reason) // an earlier attempt would have left no trace
		}
		return reason // an earlier attempt would have left its marker
	})
	if otherForm != "" {
		return s.end(ctx, e, otherForm) // other software writes the same time in another form
	}
	return old, err
}

// noMarker is the condition that the session has not ended yet.
const noMarker = "attribute_not_exists(ended)"

// endCondition returns the condition under which a session may be ended.
func endCondition(state *driver.State, accessed string) (condition string, names map[string]string, values item.Item, err error) {
	switch {
	case state == nil:
		return noMarker, nil, nil, nil
	case state.Absent:
		return noMarker + " AND attribute_not_exists(#data) AND attribute_not_exists(idle_timeout)" +
			" AND attribute_not_exists(absolute_timeout) AND attribute_not_exists(#rev)", map[string]string{"#data": item.DataName, "#rev": item.RevName}, nil, nil
	}
	names, values = map[string]string{"#rev": item.RevName}, item.Item{}
	condition = "#rev = :rev"
	if state.Rev != "" {
		values[":rev"] = item.Text(state.Rev)
	} else {
		condition = isRecord + " AND attribute_not_exists(#rev)"
	}
	if !state.Accessed.IsZero() {
		if accessed == "" {
			if accessed, err = item.FormatTime(state.Accessed); err != nil {
				return "", nil, nil, err
			}
		}
		condition += " AND accessed = :accessed"
		values[":accessed"] = item.Text(accessed)
	}
	if len(values) == 0 {
		values = nil // DynamoDB refuses an empty map
	}
	return condition, names, values, nil
}

package dynamo

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/dynasession/dynasession/dynamo/internal/item"
	"github.com/dynasession/dynasession/sessions/driver"
)

// End implements [driver.Store] by one PutItem of the marker, or one DeleteItem if there is no
// marker.
func (s *Store) End(ctx context.Context, e driver.End) (driver.Record, error) {
	old, err := s.end(ctx, e, "")
	if err != nil {
		return driver.Record{}, err
	}
	return item.Remains(old), nil
}

// end ends a session, whose accessed has the given text; "" stands for that of e.If.
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
			return &driver.EndedError{Marker: marker} // and stays so, whatever became of an earlier attempt
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
			return c.refused(reason) // a deletion leaves no trace of an earlier attempt
		}
		return reason // had an earlier attempt been applied, there would be its marker
	})
	if otherForm != "" {
		return s.end(ctx, e, otherForm) // others write the same time in another form
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

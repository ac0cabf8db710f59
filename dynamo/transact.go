package dynamo

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/dynasession/dynasession/sessions"
)

var _ sessions.SubjectStore = (*Store)(nil)

// maxActions is how many items one transaction of DynamoDB may have.
const maxActions = 100

// Transact is [sessions.SubjectStore]'s: one TransactWriteItems, whose token makes it apply once, however often it is sent.
func (s *Store) Transact(ctx context.Context, t sessions.Transaction) error {
	in, reads, err := s.transactInput(t)
	if err != nil {
		return err
	}
	c, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer c.cancel()
	in.ReturnConsumedCapacity = c.capacity()
	out, err := s.api.TransactWriteItems(c.ctx, in, c.options)
	if err == nil {
		c.wrote(out.ConsumedCapacity...)
		return nil
	}
	refused, ok := verdict(err, reads)
	if !ok {
		return c.failedWrite(err)
	}
	if refused == nil {
		return c.recovered()
	}
	return refused
}

// action is a part of a transaction: which write it is of, and what it means that its condition does not hold on an item.
type action struct {
	rev     string // which the item has if it was applied
	refused func(it item) error
}

// transactInput returns the request, and how to read a refusal of each of its actions.
func (s *Store) transactInput(t sessions.Transaction) (*dynamodb.TransactWriteItemsInput, []action, error) {
	if t.Token == "" {
		return nil, nil, errors.New("a Transaction needs a Token")
	}
	in := &dynamodb.TransactWriteItemsInput{ClientRequestToken: aws.String(token(*s.table, "transaction", t.Token))}
	var reads []action
	add := func(w types.TransactWriteItem, a action) {
		in.TransactItems, reads = append(in.TransactItems, w), append(reads, a)
	}
	if t.Create != nil {
		put, err := s.createInput(*t.Create)
		if err != nil {
			return nil, nil, err
		}
		add(types.TransactWriteItem{Put: &types.Put{
			TableName: put.TableName, Item: put.Item, ConditionExpression: put.ConditionExpression,
			ReturnValuesOnConditionCheckFailure: put.ReturnValuesOnConditionCheckFailure,
		}}, action{t.Create.Rev, func(item) error { return sessions.ErrExists }})
	}
	if t.Replace != nil {
		up, err := s.replaceInput(t.Replace.Record, t.Replace.Rev)
		if err != nil {
			return nil, nil, err
		}
		add(types.TransactWriteItem{Update: &types.Update{
			TableName: up.TableName, Key: up.Key, UpdateExpression: up.UpdateExpression, ConditionExpression: up.ConditionExpression,
			ExpressionAttributeNames: up.ExpressionAttributeNames, ExpressionAttributeValues: up.ExpressionAttributeValues,
			ReturnValuesOnConditionCheckFailure: up.ReturnValuesOnConditionCheckFailure,
		}}, action{t.Replace.Record.Rev, missingOrConflict})
	}
	for _, r := range t.Remove {
		add(types.TransactWriteItem{Delete: s.removal(r)}, action{"", missingOrConflict})
	}
	for _, c := range t.Rosters {
		if err := checkChange(c); err != nil {
			return nil, nil, err
		}
		add(types.TransactWriteItem{Update: s.rosterUpdate(c)}, action{c.Rev, func(item) error { return sessions.ErrRoster }})
	}
	if n := len(in.TransactItems); n == 0 || n > maxActions {
		return nil, nil, fmt.Errorf("a Transaction of %d actions: must have at least 1 and at most %d", n, maxActions)
	}
	return in, reads, nil
}

func missingOrConflict(it item) error {
	if it == nil {
		return sessions.ErrNotFound
	}
	return sessions.ErrConflict
}

func (s *Store) removal(r sessions.Remove) *types.Delete {
	d := &types.Delete{TableName: s.table, Key: keyOf(r.Key)}
	if r.Conditional {
		values := item{}
		d.ConditionExpression = revIs(r.Rev, values)
		d.ExpressionAttributeNames = map[string]string{"#rev": attrRev}
		if len(values) > 0 { // DynamoDB refuses an empty map
			d.ExpressionAttributeValues = values
		}
		d.ReturnValuesOnConditionCheckFailure = types.ReturnValuesOnConditionCheckFailureAllOld
	}
	return d
}

// verdict returns what a cancelled transaction means: nil if it was applied before, else the first condition of a record that does not
// hold, else that of a roster. It is not ok if no condition is what cancelled it.
func verdict(err error, reads []action) (refused error, ok bool) {
	var cancelled *types.TransactionCanceledException
	if !errors.As(err, &cancelled) || len(cancelled.CancellationReasons) != len(reads) {
		return nil, false
	}
	for i, r := range cancelled.CancellationReasons {
		if aws.ToString(r.Code) != "ConditionalCheckFailed" {
			continue
		}
		if wrote(r.Item, reads[i].rev) {
			return nil, true
		}
		why := reads[i].refused(r.Item)
		if refused == nil || errors.Is(refused, sessions.ErrExists) && !errors.Is(why, sessions.ErrRoster) {
			refused = why
		}
	}
	return refused, refused != nil
}

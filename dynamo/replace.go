package dynamo

import (
	"context"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/dynasession/dynasession/sessions"
)

// Replace is [sessions.Store]'s: one UpdateItem, on condition that the item is there and its rev is the given one. Attributes
// that are not ours survive it.
func (s *Store) Replace(ctx context.Context, rec sessions.Record, rev string) error {
	in, err := s.replaceInput(rec, rev)
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
	case wrote(it, rec.Rev):
		return c.recovered()
	case it == nil:
		return c.refused(sessions.ErrNotFound)
	default:
		return c.refused(sessions.ErrConflict)
	}
}

// replaceNames are the names of all that a Replace sets, or removes where the record has none: the same for every request, and
// nobody changes them.
var replaceNames = func() map[string]string {
	names := map[string]string{}
	for c := range columns {
		if c != colID {
			names[columnRef[c]] = columnName[c]
		}
	}
	return names
}()

func (s *Store) replaceInput(rec sessions.Record, rev string) (*dynamodb.UpdateItemInput, error) {
	r, err := encodeItem(rec)
	if err != nil {
		return nil, err
	}
	values := make(item, columns) // without the key, and with what the rev has to be
	present := 0
	for c, av := range r {
		if av != nil && column(c) != colID {
			values[columnValue[c]] = av
			present |= 1 << c
		}
	}
	return &dynamodb.UpdateItemInput{
		TableName:                           s.table,
		Key:                                 keyOf(rec.Key),
		UpdateExpression:                    replaceExpression(present),
		ConditionExpression:                 revIs(rev, values),
		ExpressionAttributeNames:            replaceNames,
		ExpressionAttributeValues:           values,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}, nil
}

// replaceExpressions are the expressions that were made so far: of some thousand that there could be, a service has one or two.
var replaceExpressions sync.Map

// replaceExpression returns the expression that sets the columns whose bits are set, and removes the others.
func replaceExpression(present int) *string {
	if known, ok := replaceExpressions.Load(present); ok {
		return known.(*string)
	}
	var set, remove strings.Builder
	for c := range columns {
		switch {
		case c == colID:
		case present&(1<<c) != 0:
			join(&set, "SET ", columnRef[c], " = ", columnValue[c])
		default:
			join(&remove, " REMOVE ", columnRef[c])
		}
	}
	made, _ := replaceExpressions.LoadOrStore(present, aws.String(set.String()+remove.String()))
	return made.(*string)
}

// join appends parts to a list in b: after its keyword, or after a comma.
func join(b *strings.Builder, keyword string, parts ...string) {
	if b.Len() == 0 {
		b.WriteString(keyword)
	} else {
		b.WriteString(", ")
	}
	for _, p := range parts {
		b.WriteString(p)
	}
}

// revIs returns the condition that an item is there and has the given rev, or none if that is "". It needs the name #rev.
func revIs(rev string, values item) *string {
	if rev == "" {
		return aws.String("attribute_exists(id) AND attribute_not_exists(#rev)")
	}
	values[":old"] = text(rev)
	return aws.String("#rev = :old")
}

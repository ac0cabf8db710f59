package dynamo

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/dynasession/dynasession/sessions"
)

// Rename is [sessions.Store]'s: one TransactWriteItems that puts the new item, on condition that there is none, and deletes the
// old one, on condition that its rev is the given one. Its token makes it apply once, however often it is sent.
func (s *Store) Rename(ctx context.Context, from string, rec sessions.Record, rev string) error {
	in, err := s.renameInput(from, rec, rev)
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
	put, deleted, ok := renameRefusal(err)
	switch {
	case !ok:
		return c.failedWrite(err)
	case put.refused && wrote(put.item, rec.Rev):
		return c.recovered() // and the old one went with it: applied longer ago than the token is remembered
	case deleted.refused && deleted.item == nil:
		return sessions.ErrNotFound
	case deleted.refused:
		return sessions.ErrConflict
	default:
		return sessions.ErrExists
	}
}

func (s *Store) renameInput(from string, rec sessions.Record, rev string) (*dynamodb.TransactWriteItemsInput, error) {
	if from == rec.Key {
		return nil, errors.New("a session can't be renamed to the key that it has")
	}
	r, err := encodeItem(rec)
	if err != nil {
		return nil, err
	}
	values := item{}
	condition := revIs(rev, values)
	if len(values) == 0 {
		values = nil // DynamoDB refuses an empty map
	}
	in := &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
		{Put: &types.Put{
			TableName:                           s.table,
			Item:                                r.item(),
			ConditionExpression:                 aws.String("attribute_not_exists(id)"),
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		}},
		{Delete: &types.Delete{
			TableName:                           s.table,
			Key:                                 keyOf(from),
			ConditionExpression:                 condition,
			ExpressionAttributeNames:            map[string]string{"#rev": attrRev},
			ExpressionAttributeValues:           values,
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		}},
	}}
	if rec.Rev != "" {
		in.ClientRequestToken = aws.String(token(*s.table, from, rec.Key, rec.Rev))
	}
	return in, nil
}

// token names a transaction: the same for every attempt at one logical write, also in a later call. 128 bits of hash, within
// the 36 characters that DynamoDB takes.
func token(parts ...string) string {
	var buf [512]byte
	all := buf[:0]
	for _, p := range parts { // with their lengths, so that no two lists run together into one
		all = binary.BigEndian.AppendUint64(all, uint64(len(p)))
		all = append(all, p...)
	}
	sum := sha256.Sum256(all)
	return hex.EncodeToString(sum[:16])
}

// outcome is what a cancelled transaction tells of one of its actions.
type outcome struct {
	refused bool // its condition did not hold
	item    item // on this item; nil: there was none
}

// renameRefusal returns what became of the two actions, and whether a condition is what cancelled the transaction.
func renameRefusal(err error) (put, deleted outcome, ok bool) {
	var cancelled *types.TransactionCanceledException
	if !errors.As(err, &cancelled) || len(cancelled.CancellationReasons) != 2 {
		return outcome{}, outcome{}, false
	}
	read := func(r types.CancellationReason) outcome {
		return outcome{refused: aws.ToString(r.Code) == "ConditionalCheckFailed", item: r.Item}
	}
	put, deleted = read(cancelled.CancellationReasons[0]), read(cancelled.CancellationReasons[1])
	return put, deleted, put.refused || deleted.refused
}

package torture_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/dynasession/dynasession/dynamo"
)

// unguarded makes every Replace go through, whatever has been stored meanwhile.
type unguarded struct{ dynamo.API }

func (u unguarded) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, o ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	if strings.Contains(aws.ToString(in.ConditionExpression), "#rev = :old") {
		in.ConditionExpression = aws.String("attribute_exists(id)")
		delete(in.ExpressionAttributeValues, ":old")
	}
	return u.API.UpdateItem(ctx, in, o...)
}

// upserting makes a Touch store something where there is nothing.
type upserting struct{ dynamo.API }

func (u upserting) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, o ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	if strings.HasPrefix(aws.ToString(in.UpdateExpression), "SET accessed = :a") {
		in.ConditionExpression = nil
	}
	return u.API.UpdateItem(ctx, in, o...)
}

// stepwise makes a Rename two writes: it deletes the old one, and then puts the new one.
type stepwise struct{ dynamo.API }

func (s stepwise) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, o ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	if len(in.TransactItems) < 2 || in.TransactItems[0].Put == nil || in.TransactItems[1].Delete == nil {
		return s.API.TransactWriteItems(ctx, in, o...)
	}
	put, del := in.TransactItems[0].Put, in.TransactItems[1].Delete
	_, err := s.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName: del.TableName, Key: del.Key, ConditionExpression: del.ConditionExpression,
		ExpressionAttributeNames: del.ExpressionAttributeNames, ExpressionAttributeValues: del.ExpressionAttributeValues,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}, o...)
	var refused *types.ConditionalCheckFailedException
	if errors.As(err, &refused) {
		reasons := make([]types.CancellationReason, len(in.TransactItems))
		reasons[1] = types.CancellationReason{Code: aws.String("ConditionalCheckFailed"), Item: refused.Item}
		return nil, &types.TransactionCanceledException{CancellationReasons: reasons}
	}
	if err != nil {
		return nil, err
	}
	_, err = s.PutItem(ctx, &dynamodb.PutItemInput{TableName: put.TableName, Item: put.Item}, o...)
	return &dynamodb.TransactWriteItemsOutput{}, err
}

// unlisted makes a login and a renewal forget the roster.
type unlisted struct{ dynamo.API }

func (u unlisted) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, o ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	if in.TransactItems[0].Put == nil {
		return u.API.TransactWriteItems(ctx, in, o...)
	}
	all := len(in.TransactItems)
	in.TransactItems = slices.DeleteFunc(in.TransactItems, func(w types.TransactWriteItem) bool { return w.Update != nil })
	out, err := u.API.TransactWriteItems(ctx, in, o...)
	var refused *types.TransactionCanceledException
	if errors.As(err, &refused) {
		for len(refused.CancellationReasons) < all { // the rosters came last
			refused.CancellationReasons = append(refused.CancellationReasons, types.CancellationReason{Code: aws.String("None")})
		}
	}
	return out, err
}

// The record of a store that is broken shows it, within seconds.
func TestSaboteurs(t *testing.T) {
	for name, by := range map[string]func(dynamo.API) dynamo.API{
		"a Replace without a condition on the rev": func(api dynamo.API) dynamo.API { return unguarded{api} },
		"a Touch that upserts":                     func(api dynamo.API) dynamo.API { return upserting{api} },
		"a login that enters no roster":            func(api dynamo.API) dynamo.API { return unlisted{api} },
		"a Rename that deletes and then puts":      func(api dynamo.API) dynamo.API { return stepwise{api} },
	} {
		t.Run(name, func(t *testing.T) {
			for round := range uint64(8) { // one or two do, unless the machine is slow
				w := newWorld(t, round, by)
				w.run(t, 3*time.Second)
				if anomalies := w.check(t); len(anomalies) > 0 {
					t.Logf("round %d: %d anomalies, the first: %s", round, len(anomalies), anomalies[0])
					return
				}
			}
			t.Fatal("not caught")
		})
	}
}

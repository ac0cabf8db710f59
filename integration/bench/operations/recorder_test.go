package operations

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// recorder is a client that remembers the request of the last call, so that the bare call can be made again.
type recorder struct {
	*dynamodb.Client
	in any
}

func (r *recorder) GetItem(ctx context.Context, in *dynamodb.GetItemInput, o ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	r.in = in
	return r.Client.GetItem(ctx, in, o...)
}

func (r *recorder) PutItem(ctx context.Context, in *dynamodb.PutItemInput, o ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	r.in = in
	return r.Client.PutItem(ctx, in, o...)
}

func (r *recorder) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, o ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	r.in = in
	return r.Client.UpdateItem(ctx, in, o...)
}

func (r *recorder) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, o ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	r.in = in
	return r.Client.TransactWriteItems(ctx, in, o...)
}

// bare returns the SDK's call for the same request, as an application would make it: with the client's own settings.
func (r *recorder) bare() call {
	switch in := r.in.(type) {
	case *dynamodb.GetItemInput:
		return func(ctx context.Context) error { _, err := r.Client.GetItem(ctx, in); return err }
	case *dynamodb.PutItemInput:
		return func(ctx context.Context) error { _, err := r.Client.PutItem(ctx, in); return err }
	case *dynamodb.UpdateItemInput:
		return func(ctx context.Context) error { _, err := r.Client.UpdateItem(ctx, in); return err }
	case *dynamodb.TransactWriteItemsInput:
		return func(ctx context.Context) error { _, err := r.Client.TransactWriteItems(ctx, in); return err }
	}
	return func(context.Context) error { return fmt.Errorf("no request of the SDK: %T", r.in) }
}

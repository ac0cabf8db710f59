package operations

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// recorder is a client that records the requests of an operation while it is on, so that they can
// be repeated without a Manager.
type recorder struct {
	*dynamodb.Client
	on bool
	in []any
}

func (r *recorder) note(in any) {
	if r.on {
		r.in = append(r.in, in)
	}
}

func (r *recorder) GetItem(ctx context.Context, in *dynamodb.GetItemInput, o ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	r.note(in)
	return r.Client.GetItem(ctx, in, o...)
}

func (r *recorder) PutItem(ctx context.Context, in *dynamodb.PutItemInput, o ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	r.note(in)
	return r.Client.PutItem(ctx, in, o...)
}

func (r *recorder) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, o ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	r.note(in)
	return r.Client.UpdateItem(ctx, in, o...)
}

// bare runs an operation, and returns a call that makes the operation's requests with the SDK alone
// and the client's own settings, as an application would.
func (r *recorder) bare(ctx context.Context, operation call) (call, error) {
	r.on, r.in = true, nil
	err := operation(ctx)
	r.on = false
	ins := r.in
	return func(ctx context.Context) error {
		for _, in := range ins {
			if err := r.again(ctx, in); err != nil {
				return err
			}
		}
		return nil
	}, err
}

func (r *recorder) again(ctx context.Context, in any) (err error) {
	switch in := in.(type) {
	case *dynamodb.GetItemInput:
		_, err = r.Client.GetItem(ctx, in)
	case *dynamodb.PutItemInput:
		_, err = r.Client.PutItem(ctx, in)
	case *dynamodb.UpdateItemInput:
		_, err = r.Client.UpdateItem(ctx, in)
	default:
		err = fmt.Errorf("not a request of the SDK: %T", in)
	}
	return err
}

// Package cost_test measures the cost of sessions and compares it with docs/cost.md.
package cost_test

import (
	"context"
	"errors"
	"math"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/dynasession/dynasession/codec/attribute"
	"github.com/dynasession/dynasession/dynamo"
)

// bill is the cost of some calls: their number, and their read and write units.
type bill struct {
	calls         int
	reads, writes float64
}

// dollars returns the price of a million of these calls, on demand in us-east-1 in 2026: $0.125 per
// million read units and $0.625 per million write units.
func (b bill) dollars() float64 { return 0.125*b.reads + 0.625*b.writes }

// meter is a client that adds up the capacity that its calls consume.
type meter struct {
	dynamo.API
	bill
	failing func() error // called before each PutItem, which fails with its error; may be nil
}

// took returns the cost of the calls since it was last called.
func (m *meter) took() bill {
	b := m.bill
	m.bill = bill{}
	return b
}

func (m *meter) sum(read bool, all ...types.ConsumedCapacity) {
	m.calls++
	for _, c := range all {
		if read {
			m.reads += *c.CapacityUnits
		} else {
			m.writes += *c.CapacityUnits
		}
	}
}

func (m *meter) GetItem(ctx context.Context, in *dynamodb.GetItemInput, o ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
	out, err := m.API.GetItem(ctx, in, o...)
	if err == nil {
		m.sum(true, *out.ConsumedCapacity)
	}
	return out, err
}

func (m *meter) PutItem(ctx context.Context, in *dynamodb.PutItemInput, o ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	if m.failing != nil {
		if err := m.failing(); err != nil {
			return nil, err
		}
	}
	in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
	out, err := m.API.PutItem(ctx, in, o...)
	if err == nil {
		m.sum(false, *out.ConsumedCapacity)
	}
	m.refused(err)
	return out, err
}

func (m *meter) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, o ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
	out, err := m.API.UpdateItem(ctx, in, o...)
	if err == nil {
		m.sum(false, *out.ConsumedCapacity)
	}
	m.refused(err)
	return out, err
}

func (m *meter) DeleteItem(ctx context.Context, in *dynamodb.DeleteItemInput, o ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error) {
	in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
	out, err := m.API.DeleteItem(ctx, in, o...)
	if err == nil {
		m.sum(false, *out.ConsumedCapacity)
	}
	m.refused(err)
	return out, err
}

func (m *meter) BatchGetItem(ctx context.Context, in *dynamodb.BatchGetItemInput, o ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
	out, err := m.API.BatchGetItem(ctx, in, o...)
	if err == nil {
		m.sum(true, out.ConsumedCapacity...)
	}
	return out, err
}

// refused counts a write whose condition failed: AWS charges for the existing item, though the
// response does not say so.
func (m *meter) refused(err error) {
	var refused *types.ConditionalCheckFailedException
	if !errors.As(err, &refused) {
		return
	}
	size := 0
	for name, av := range refused.Item {
		size += len(name) + attribute.SizeOf(av)
	}
	m.calls++
	m.writes += max(1, math.Ceil(float64(size)/1024))
}

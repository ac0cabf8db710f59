// Package cost_test measures what sessions cost, and compares it with docs/cost.md.
package cost_test

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/dynasession/dynasession/dynamo"
)

// bill is what some calls cost: how many they were, and read and write units.
type bill struct {
	calls         int
	reads, writes float64
}

// dollars returns the price of a million of them, on demand in us-east-1, 2026: $0.125 a million read units, $0.625 a million write units.
func (b bill) dollars() float64 { return 0.125*b.reads + 0.625*b.writes }

// meter is a client that asks for the capacity that each call consumes, and sums it up.
type meter struct {
	dynamo.API
	bill
}

// took returns what was consumed since it was last asked.
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
	in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
	out, err := m.API.PutItem(ctx, in, o...)
	if err == nil {
		m.sum(false, *out.ConsumedCapacity)
	}
	return out, err
}

func (m *meter) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, o ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
	out, err := m.API.UpdateItem(ctx, in, o...)
	if err == nil {
		m.sum(false, *out.ConsumedCapacity)
	}
	return out, err
}

func (m *meter) DeleteItem(ctx context.Context, in *dynamodb.DeleteItemInput, o ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error) {
	in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
	out, err := m.API.DeleteItem(ctx, in, o...)
	if err == nil {
		m.sum(false, *out.ConsumedCapacity)
	}
	return out, err
}

// TransactWriteItems counts 2 write units for each item, as AWS does up to 1 KB: DynamoDB Local says 2 of a whole transaction.
func (m *meter) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, o ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	out, err := m.API.TransactWriteItems(ctx, in, o...)
	if err == nil {
		m.sum(false)
		m.writes += 2 * float64(len(in.TransactItems))
	}
	return out, err
}

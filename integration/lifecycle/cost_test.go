package lifecycle_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/matryer/is"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/dynamo"
	"github.com/dynasession/dynasession/integration/engine"
	"github.com/dynasession/dynasession/sessions"
)

// meter is a client that asks for the capacity that each call consumes, and sums it up.
type meter struct {
	dynamo.API
	calls         int
	reads, writes float64
	items         int // in transactions
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

// TransactWriteItems counts the items: DynamoDB Local says 2 units of every transaction, where AWS says 2 for each item of up to 1 KB.
func (m *meter) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, o ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	out, err := m.API.TransactWriteItems(ctx, in, o...)
	if err == nil {
		m.sum(false)
		m.items += len(in.TransactItems)
	}
	return out, err
}

// took returns what was consumed since it was last asked.
func (m *meter) took() string {
	s := fmt.Sprintf("%d calls, %g RU, %g WU", m.calls, m.reads, m.writes)
	if m.items > 0 {
		s += fmt.Sprintf(", a transaction of %d", m.items)
	}
	m.calls, m.reads, m.writes, m.items = 0, 0, 0, 0
	return s
}

// What each operation costs, as the engine counts it: a change of cost is a failing test.
func TestCost(t *testing.T) {
	is, ctx := is.New(t), t.Context()
	bill := &meter{API: engine.Client(t)}
	store, err := dynamo.NewStore(bill, &dynamo.Config{Table: engine.NewTable(t)})
	is.NoErr(err)
	c := clock.NewFake(time.Now())
	m, err := sessions.New[cart](store, &sessions.Config[cart]{Clock: c})
	is.NoErr(err)

	s := saved(t, m, cart{Items: []string{"tea"}})
	is.Equal(bill.took(), "1 calls, 0 RU, 1 WU") // Create
	id := s.ID().Secret()
	loaded(t, m, id)
	is.Equal(bill.took(), "1 calls, 1 RU, 0 WU") // Load
	is.NoErr(m.Save(ctx, s))
	is.Equal(bill.took(), "0 calls, 0 RU, 0 WU") // Save of what is unchanged
	s.Data.Count++
	is.NoErr(m.Save(ctx, s))
	is.Equal(bill.took(), "1 calls, 0 RU, 1 WU") // Save
	is.NoErr(m.Renew(ctx, s))
	is.Equal(bill.took(), "1 calls, 0 RU, 0 WU, a transaction of 2") // Renew
	is.NoErr(m.Destroy(ctx, s))
	is.Equal(bill.took(), "1 calls, 0 RU, 1 WU") // Destroy

	s = saved(t, m, cart{})
	bill.took()
	is.NoErr(m.Authenticate(ctx, s, "user"))
	is.Equal(bill.took(), "2 calls, 1 RU, 0 WU, a transaction of 3") // login: the roster is read too
	loaded(t, m, s.ID().Secret())
	is.Equal(bill.took(), "1 calls, 1 RU, 0 WU") // Load of a session with a subject: nothing more
	c.Advance(30 * time.Minute)
	loaded(t, m, s.ID().Secret())
	is.Equal(bill.took(), "2 calls, 1 RU, 1 WU") // and its touch
	s = loaded(t, m, s.ID().Secret())
	s.Data.Count++
	bill.took()
	is.NoErr(m.Save(ctx, s))
	is.Equal(bill.took(), "1 calls, 0 RU, 1 WU") // Save: nothing more
	is.NoErr(m.Renew(ctx, s))
	is.Equal(bill.took(), "1 calls, 0 RU, 0 WU, a transaction of 3") // Renew: session and roster in one transaction
	is.NoErr(m.Destroy(ctx, s))
	is.Equal(bill.took(), "1 calls, 0 RU, 0 WU, a transaction of 2") // logout: session and roster in one transaction
}

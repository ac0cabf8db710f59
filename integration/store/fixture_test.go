// Package store_test checks the store of package dynamo on a real engine.
package store_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/dynamo"
	"github.com/dynasession/dynasession/integration/engine"
	"github.com/dynasession/dynasession/sessions/driver"
)

// place is a table on the engine, with a store and a client for it.
type place struct {
	*dynamo.Store
	client *dynamodb.Client
	table  string
}

func newPlace(t *testing.T, optFns ...func(*dynamodb.Options)) place {
	t.Helper()
	table := engine.NewTable(t)
	return place{engine.Store(t, table, optFns...), engine.Client(t), table}
}

// patient returns p with a store that waits longer for its calls, for tests that make many calls at
// once.
func (p place) patient(t *testing.T) place {
	t.Helper()
	var err error
	if p.Store, err = dynamo.NewStore(p.client, &dynamo.Config{Table: p.table, Timeout: time.Minute}); err != nil {
		t.Fatal(err)
	}
	return p
}

// item returns the item stored under key, nil if there is none.
func (p place) item(t *testing.T, key string) map[string]types.AttributeValue {
	t.Helper()
	got, err := p.client.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: &p.table, Key: keyOf(key), ConsistentRead: new(true)})
	if err != nil {
		t.Fatal(err)
	}
	return got.Item
}

// put stores an item unchanged.
func (p place) put(t *testing.T, item map[string]types.AttributeValue) {
	t.Helper()
	if _, err := p.client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &p.table, Item: item}); err != nil {
		t.Fatal(err)
	}
}

func keyOf(key string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: key}}
}

// record returns a record that stays alive for two hours.
func record(key string) driver.Record {
	now := time.Now().UTC().Truncate(time.Microsecond)
	return driver.Record{
		Key: key, Payload: codec.Opaque("json", []byte(`{"n":1}`)), Rev: "first",
		Created: now, Accessed: now, IdleTimeout: 2 * time.Hour, AbsoluteTimeout: 12 * time.Hour,
	}
}

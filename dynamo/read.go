package dynamo

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/dynasession/dynasession/dynamo/internal/hedge"
	"github.com/dynasession/dynasession/dynamo/internal/item"
	"github.com/dynasession/dynasession/sessions/driver"
)

// Load implements [driver.Store] by one GetItem, consistent unless the Config says otherwise.
func (s *Store) Load(ctx context.Context, key string) (driver.Record, error) {
	it, err := s.get(ctx, key, s.consistent)
	if err != nil {
		return driver.Record{}, err
	}
	return item.Record(it)
}

// LoadAll implements [driver.Store] by one BatchGetItem, or a GetItem for a single key. It asks
// again for keys that the service left unprocessed. The reads are consistent unless the Config says
// otherwise.
func (s *Store) LoadAll(ctx context.Context, keys []string) ([]driver.Loaded, error) {
	items, err := s.getAll(ctx, keys, s.consistent)
	if err != nil {
		return nil, err
	}
	loaded := make([]driver.Loaded, len(keys))
	for i, key := range keys {
		loaded[i].Record, loaded[i].Err = item.Record(items[key])
	}
	return loaded, nil
}

// LoadRosters implements [driver.Store] as LoadAll does. Rosters are always read consistently.
func (s *Store) LoadRosters(ctx context.Context, keys ...string) ([]driver.Roster, error) {
	items, err := s.getAll(ctx, keys, aws.Bool(true))
	if err != nil {
		return nil, err
	}
	rosters := make([]driver.Roster, len(keys))
	for i, key := range keys {
		if rosters[i], _, err = item.Roster(key, items[key]); err != nil {
			return nil, err
		}
	}
	return rosters, nil
}

// get returns the item of a key, nil if there is none.
func (s *Store) get(ctx context.Context, key string, consistent *bool) (item.Item, error) {
	// One allocation for all of them; the key's map takes two more.
	r := &struct {
		call
		in  dynamodb.GetItemInput
		key types.AttributeValueMemberS
	}{}
	if err := s.begin(ctx, &r.call); err != nil {
		return nil, err
	}
	defer r.end()
	r.key.Value = key
	r.in = dynamodb.GetItemInput{
		TableName: s.table, Key: item.Item{item.IDName: &r.key}, ConsistentRead: consistent, ReturnConsumedCapacity: r.capacity(),
	}
	out, err := s.getItem(&r.call, &r.in)
	if err != nil {
		return nil, r.failedRead(err)
	}
	r.countRead(out.ConsumedCapacity)
	return out.Item, nil
}

func (s *Store) getItem(c *call, in *dynamodb.GetItemInput) (*dynamodb.GetItemOutput, error) {
	if s.hedger == nil {
		return s.api.GetItem(c.ctx, in, c.options)
	}
	second := *in // a copy, since an application's API may change the request
	second.Key = maps.Clone(in.Key)
	return hedged(c, func(ctx context.Context) (*dynamodb.GetItemOutput, error) {
		return s.api.GetItem(ctx, in, c.options)
	}, func(ctx context.Context) (*dynamodb.GetItemOutput, error) {
		return s.api.GetItem(ctx, &second, s.once)
	})
}

func hedged[O any](c *call, first, second func(context.Context) (O, error)) (O, error) {
	return hedge.Do(c.ctx, c.store.hedger, hedge.Read[O]{First: first, Second: second, Failed: c.failed.Load, Hedged: c.trace.Hedged})
}

// once limits a call to one attempt.
func (s *Store) once(o *dynamodb.Options) {
	o.Retryer = aws.NopRetryer{}
	s.endpoints.remember(o)
	o.HTTPClient = &transport{client: o.HTTPClient, clock: s.clock, stall: s.timeout / 2}
}

// getAll returns the items of keys. Keys that have no item are not in the map.
func (s *Store) getAll(ctx context.Context, keys []string, consistent *bool) (map[string]item.Item, error) {
	switch {
	case len(keys) > driver.MaxBatch:
		return nil, fmt.Errorf("%d keys: must be at most %d", len(keys), driver.MaxBatch)
	case len(keys) == 0:
		return nil, ctx.Err()
	case len(keys) == 1:
		it, err := s.get(ctx, keys[0], consistent)
		return map[string]item.Item{keys[0]: it}, err
	}
	var c call
	if err := s.begin(ctx, &c); err != nil {
		return nil, err
	}
	defer c.end()
	items := make(map[string]item.Item, len(keys))
	asked := make([]item.Item, 0, len(keys))
	for _, key := range keys {
		if _, twice := items[key]; !twice {
			items[key] = nil
			asked = append(asked, keyOf(key))
		}
	}
	idle := 0 // rounds in a row that returned nothing
	for len(asked) > 0 {
		out, err := s.batchGetItem(&c, types.KeysAndAttributes{Keys: asked, ConsistentRead: consistent})
		if err != nil {
			return nil, c.failedRead(err)
		}
		for _, consumed := range out.ConsumedCapacity {
			c.countRead(&consumed)
		}
		for _, ofTable := range out.Responses { // only one, under the table's name or its ARN
			for _, it := range ofTable {
				if key, ok := it[item.IDName].(*types.AttributeValueMemberS); ok {
					items[key.Value] = it
				}
			}
		}
		var left []item.Item
		for _, ofTable := range out.UnprocessedKeys {
			left = ofTable.Keys
		}
		if idle++; len(left) < len(asked) {
			idle = 0
		}
		if asked = left; idle > 0 {
			if err := c.pause(idle); err != nil {
				return nil, c.failedRead(err)
			}
		}
	}
	return items, nil
}

func (s *Store) batchGetItem(c *call, asked types.KeysAndAttributes) (*dynamodb.BatchGetItemOutput, error) {
	input := func() *dynamodb.BatchGetItemInput {
		return &dynamodb.BatchGetItemInput{
			RequestItems:           map[string]types.KeysAndAttributes{*s.table: asked},
			ReturnConsumedCapacity: c.capacity(),
		}
	}
	first := func(ctx context.Context) (*dynamodb.BatchGetItemOutput, error) {
		return s.api.BatchGetItem(ctx, input(), c.options)
	}
	if s.hedger == nil {
		return first(c.ctx)
	}
	return hedged(c, first, func(ctx context.Context) (*dynamodb.BatchGetItemOutput, error) {
		return s.api.BatchGetItem(ctx, input(), s.once)
	})
}

// errNoCapacity is the error if the service processes no key.
var errNoCapacity error = &types.ProvisionedThroughputExceededException{Message: aws.String("the table's capacity is used up: no key was processed")}

// pause waits before the nth consecutive request for unprocessed keys, as long as the retry policy
// says.
func (c *call) pause(n int) error {
	if n >= c.MaxAttempts() {
		return errNoCapacity
	}
	d, err := c.RetryDelay(n, errNoCapacity)
	if err != nil {
		return err
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-c.ctx.Done():
		return fmt.Errorf("%w; the attempt before: %w", c.ctx.Err(), errNoCapacity)
	}
}

// failedRead returns the error of a read that failed.
func (c *call) failedRead(err error) error {
	return fmt.Errorf("%w: %w", driver.ErrUnavailable, c.store.advise(c.withReason(err)))
}

func (c *call) countRead(consumed *types.ConsumedCapacity) {
	if consumed != nil {
		c.trace.Consumed(aws.ToFloat64(consumed.CapacityUnits), 0)
	}
}

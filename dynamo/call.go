package dynamo

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/dynasession/dynasession/dynamo/internal/item"
	"github.com/dynasession/dynasession/sessions/driver"
)

// call is one call of a store: its deadline, its retries, and what became of its attempts.
type call struct {
	*retry.Standard
	store  *Store
	ctx    context.Context
	cancel context.CancelFunc
	trace  *driver.Trace // nil: nobody wants to know
	lost   atomic.Bool   // an attempt failed in a way that leaves open whether it was applied
	failed atomic.Bool   // an attempt failed
	died   atomic.Int32  // how many attempts met a connection that had died
}

// begin starts a call, unless ctx is done already. The caller must end it.
func (s *Store) begin(ctx context.Context, c *call) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%w: %w", driver.ErrUnavailable, err)
	}
	c.Standard, c.store, c.trace = s.policy, s, driver.TraceFrom(ctx)
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= s.timeout {
		c.ctx, c.cancel = ctx, func() {} // the caller's own deadline comes first
	} else {
		c.ctx, c.cancel = context.WithTimeout(ctx, s.timeout)
	}
	return nil
}

// end ends a call.
func (c *call) end() {
	c.cancel()
	c.store.clock.report(c.trace)
	if n := c.died.Load(); n > 0 {
		c.trace.ConnectionsDied(int(n))
	}
}

// options makes the SDK ask the call about its retries and the store about the endpoint, and the
// store's clock see the answers.
func (c *call) options(o *dynamodb.Options) {
	o.Retryer = c
	o.RetryMaxAttempts = 0
	c.store.endpoints.remember(o)
	o.HTTPClient = &transport{o.HTTPClient, c.store.clock, &c.died}
}

// IsErrorRetryable is what the SDK asks after each failed attempt. That is where an attempt without
// an answer is noticed.
func (c *call) IsErrorRetryable(err error) bool {
	if unanswered(err) {
		c.lost.Store(true)
	}
	c.failed.Store(true)
	return c.Standard.IsErrorRetryable(err)
}

// write makes one write, whose input is a [*dynamodb.PutItemInput], UpdateItemInput or
// DeleteItemInput, and returns the attributes that it asks for. If the write's condition does not
// hold, refused says what that means, by the item that was there, nil if there was none.
func (s *Store) write(ctx context.Context, input any, refused func(*call, item.Item) error) (item.Item, error) {
	var c call
	if err := s.begin(ctx, &c); err != nil {
		return nil, err
	}
	defer c.end()
	attributes, err := c.send(input)
	if err == nil {
		s.lookForTTL(ctx)
		return attributes, nil
	}
	if old, ok := conditionFailed(err); ok {
		return nil, refused(&c, old)
	}
	return nil, c.failedWrite(err)
}

// send makes a write, and notes the capacity that it consumes if somebody wants to know.
func (c *call) send(input any) (attributes item.Item, err error) {
	api := c.store.api
	switch in := input.(type) {
	case *dynamodb.PutItemInput:
		in.ReturnConsumedCapacity = c.capacity()
		out, err := api.PutItem(c.ctx, in, c.options)
		if err != nil {
			return nil, err
		}
		c.countWrite(out.ConsumedCapacity)
		return out.Attributes, nil
	case *dynamodb.UpdateItemInput:
		in.ReturnConsumedCapacity = c.capacity()
		out, err := api.UpdateItem(c.ctx, in, c.options)
		if err != nil {
			return nil, err
		}
		c.countWrite(out.ConsumedCapacity)
		return out.Attributes, nil
	case *dynamodb.DeleteItemInput:
		in.ReturnConsumedCapacity = c.capacity()
		out, err := api.DeleteItem(c.ctx, in, c.options)
		if err != nil {
			return nil, err
		}
		c.countWrite(out.ConsumedCapacity)
		return out.Attributes, nil
	}
	return nil, fmt.Errorf("%T is not a write", input)
}

// conditionFailed reports whether a write's condition did not hold, and returns the item that was
// there, nil if there was none.
func conditionFailed(err error) (old item.Item, ok bool) {
	var failed *types.ConditionalCheckFailedException
	if !errors.As(err, &failed) {
		return nil, false
	}
	return failed.Item, true
}

// capacity is what a request asks the service to tell of the capacity that it consumes.
func (c *call) capacity() types.ReturnConsumedCapacity {
	if c.trace.WantsCapacity() {
		return types.ReturnConsumedCapacityTotal
	}
	return ""
}

func (c *call) countWrite(consumed *types.ConsumedCapacity) {
	if consumed != nil {
		c.trace.Consumed(0, aws.ToFloat64(consumed.CapacityUnits))
	}
}

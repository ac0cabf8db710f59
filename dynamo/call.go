package dynamo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	smithyendpoints "github.com/aws/smithy-go/endpoints"

	"github.com/dynasession/dynasession/dynamo/internal/item"
	"github.com/dynasession/dynasession/sessions/driver"
)

// call is one call of a store: its deadline, its retries, and the results of its attempts.
type call struct {
	*retry.Standard
	store  *Store
	ctx    context.Context
	cancel context.CancelFunc
	trace  *driver.Trace         // nil: no observer is set
	lost   atomic.Bool           // an attempt failed and may have been applied
	failed atomic.Bool           // an attempt failed
	last   atomic.Pointer[error] // of the last attempt that failed before the call's time was up
	died   atomic.Int32          // how many attempts met a connection that had died
	spared atomic.Bool           // it has made the one retry that doesn't count against the quota
}

// begin starts a call, unless ctx is done already. The caller must end it.
func (s *Store) begin(ctx context.Context, c *call) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%w: %w", driver.ErrUnavailable, err)
	}
	c.Standard, c.store, c.trace = s.policy, s, driver.TraceFrom(ctx)
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= s.timeout {
		c.ctx, c.cancel = ctx, func() {} // the caller's own deadline is earlier
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

// options makes the call the SDK's retryer, the store its endpoint resolver, and passes responses
// through transport.
func (c *call) options(o *dynamodb.Options) {
	o.Retryer = c
	o.RetryMaxAttempts = 0
	c.store.endpoints.remember(o)
	o.HTTPClient = &transport{client: o.HTTPClient, clock: c.store.clock, stall: c.store.timeout / 2, died: &c.died}
}

// IsErrorRetryable implements [aws.Retryer]. The SDK calls it after each failed attempt, which is
// where the call notices an attempt without a response.
func (c *call) IsErrorRetryable(err error) bool {
	if unanswered(err) {
		c.lost.Store(true)
	}
	c.failed.Store(true)
	if c.ctx.Err() == nil {
		c.last.Store(&err)
	}
	return c.Standard.IsErrorRetryable(err)
}

// GetRetryToken implements [aws.Retryer]. A call's first retry after a lost connection doesn't
// count against the store's quota: connections die together, all calls under way need another
// attempt then, and the service works. Further retries of the call count, so that a network that
// fails is not flooded.
func (c *call) GetRetryToken(ctx context.Context, err error) (release func(error) error, _ error) {
	if connectionLost(err) && !c.spared.Swap(true) {
		return func(error) error { return nil }, nil
	}
	return c.Standard.GetRetryToken(ctx, err)
}

// write makes one write, whose input is a [*dynamodb.PutItemInput], UpdateItemInput or
// DeleteItemInput, and returns the attributes that it asks for. If the write's condition does not
// hold, it returns the error of refused for the stored item, nil if there is none.
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

// send makes a write, and notes the capacity that it consumes if the trace wants it.
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

// conditionFailed reports whether a write's condition did not hold, and returns the stored item,
// nil if there is none.
func conditionFailed(err error) (old item.Item, ok bool) {
	var failed *types.ConditionalCheckFailedException
	if !errors.As(err, &failed) {
		return nil, false
	}
	return failed.Item, true
}

// capacity returns a request's ReturnConsumedCapacity.
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

// transport wraps a client's HTTP client, so that a store sees responses before the SDK does.
type transport struct {
	client dynamodb.HTTPClient
	clock  *serviceClock
	stall  time.Duration // how long a body may pause
	died   *atomic.Int32 // counts connections that have died; nil: they are not counted

	first    watched // the first attempt's body, with the transport in one allocation
	answered bool    // first is in use
}

// Do implements [dynamodb.HTTPClient].
func (t *transport) Do(r *http.Request) (*http.Response, error) {
	begun := t.clock.read()
	answer, err := t.client.Do(r)
	if err != nil || answer == nil || answer.Body == nil {
		t.lookForDeath(err, begun.mono)
		return answer, err
	}
	t.clock.observe(answer, begun)
	answer.Body = t.watch(answer)
	addChecksum(answer)
	return answer, nil
}

// lookForDeath notes a connection that seems to have died, by the error that it got, if any, after
// it was last heard of.
func (t *transport) lookForDeath(err error, heard time.Duration) {
	if !hasDied(err, t.clock.read().mono-heard) {
		return
	}
	t.closeIdle()
	if t.died != nil {
		t.died.Add(1)
	}
}

// watched is a response's body. Its connection counts as dead if nothing comes for transport.stall:
// then the body is closed, which ends a Read under way. It isn't watched while it can be expected
// to have come with the headers, so that an ordinary response takes no timer.
type watched struct {
	io.ReadCloser
	t       *transport
	left    int64       // how much is to come; negative: unknown
	timer   *time.Timer // nil: it isn't watched yet
	stalled atomic.Bool
	failed  bool
	heard   time.Duration // when something came last, by serviceClock's mono
}

func (t *transport) watch(answer *http.Response) *watched {
	w := &t.first
	if t.answered { // the SDK may hold the earlier attempt's
		w = &watched{}
	}
	t.answered = true
	w.ReadCloser, w.t, w.left, w.heard = answer.Body, t, answer.ContentLength, t.clock.read().mono
	return w
}

func (w *watched) giveUp() {
	w.stalled.Store(true)
	_ = w.ReadCloser.Close()
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.ReadCloser.Read(p)
	w.left -= int64(n)
	switch {
	case err == nil && w.timer != nil:
		w.heard = w.t.clock.read().mono
		w.timer.Reset(w.t.stall)
	case err == nil && n < len(p) && w.left != 0: // the next Read has to wait for the network
		w.heard = w.t.clock.read().mono
		w.timer = time.AfterFunc(w.t.stall, w.giveUp)
	}
	if err == nil || err == io.EOF {
		return n, err
	}
	if w.stalled.Load() {
		err = errStalled
	}
	if !w.failed {
		w.failed = true
		w.t.lookForDeath(err, w.heard)
	}
	return n, err
}

func (w *watched) Close() error {
	if w.timer != nil {
		w.timer.Stop()
	}
	return w.ReadCloser.Close()
}

// errStalled is a [net.Error], as what net/http returns for a response that doesn't come at all.
var errStalled error = stalledError{}

type stalledError struct{}

func (stalledError) Error() string   { return "the response stopped coming" }
func (stalledError) Timeout() bool   { return true }
func (stalledError) Temporary() bool { return true }

// silence is how long a response may take before its connection counts as dead: far longer than
// responses take.
const silence = 250 * time.Millisecond

// hasDied reports whether a connection seems to have died silently: an attempt timed out after a
// long wait.
func hasDied(err error, waited time.Duration) bool {
	var timeout net.Error
	return waited >= silence && errors.As(err, &timeout) && timeout.Timeout()
}

// closeIdle closes the idle connections, if the client can: connections often die together, and
// each dead one would cost an attempt.
func (t *transport) closeIdle() {
	if c, ok := t.client.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

const checksumHeader = "X-Amz-Crc32"

// addChecksum adds a checksum to a response that has none, such as the error responses of DynamoDB
// Local. The SDK takes a missing checksum for 0, and would log each failed condition as a body that
// could not be closed. The SDK checks an existing checksum, which stays.
//
// A success without a body is not the service's, which sends at least {}. The SDK would take it for
// a table without the item, or for a write that was applied.
func addChecksum(answer *http.Response) {
	if first(answer.Header[checksumHeader]) != "" {
		return
	}
	body, err := io.ReadAll(answer.Body)
	if err == nil && len(body) == 0 && answer.StatusCode < http.StatusMultipleChoices {
		err = errNoBody
	}
	rest := io.Reader(bytes.NewReader(body))
	if err != nil {
		rest = io.MultiReader(rest, failing{err})
	} else if answer.Header != nil {
		answer.Header.Set(checksumHeader, strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10))
	}
	answer.Body = struct {
		io.Reader
		io.Closer
	}{rest, answer.Body}
}

var errNoBody = errors.New("a success without a body, which DynamoDB doesn't send: is there a proxy?")

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// endpoints resolves endpoints as the SDK does, and remembers the last one. All calls of a store go
// to the same endpoint, but the SDK's rules resolve it for each attempt, which takes a twentieth of
// a call's time. It is safe for concurrent use.
type endpoints struct {
	rules dynamodb.EndpointResolverV2 // the SDK's
	last  atomic.Pointer[resolved]
}

// newEndpoints returns endpoints with the rules of a default client.
func newEndpoints() *endpoints {
	return &endpoints{rules: dynamodb.New(dynamodb.Options{}).Options().EndpointResolverV2}
}

// remember replaces the client's rules, if they are the SDK's. Those are a pointer to an empty
// struct, the same for all clients. If that changes, no client's rules are equal to them and the
// endpoint is resolved for each attempt. An application's own resolver is always called.
func (e *endpoints) remember(o *dynamodb.Options) {
	if o.EndpointResolverV2 == e.rules {
		o.EndpointResolverV2 = e
	}
}

// ResolveEndpoint implements [dynamodb.EndpointResolverV2].
func (e *endpoints) ResolveEndpoint(ctx context.Context, p dynamodb.EndpointParameters) (smithyendpoints.Endpoint, error) {
	asked := parameters{
		valueOf(p.Region), valueOf(p.Endpoint), valueOf(p.AccountId), valueOf(p.AccountIdEndpointMode), valueOf(p.ResourceArn),
		valueOf(p.UseDualStack), valueOf(p.UseFIPS), valueOf(p.IsSearchOperation),
	}
	if last := e.last.Load(); last != nil && last.asked == asked && p.ResourceArnList == nil {
		return last.endpoint, nil
	}
	endpoint, err := e.rules.ResolveEndpoint(ctx, p)
	if err == nil && p.ResourceArnList == nil && allParameters {
		e.last.Store(&resolved{asked, endpoint})
	}
	return endpoint, err
}

// resolved is an endpoint, which the SDK only reads, and its parameters.
type resolved struct {
	asked    parameters
	endpoint smithyendpoints.Endpoint
}

// parameters has the values of [dynamodb.EndpointParameters], except for ResourceArnList.
type parameters struct {
	region, endpoint, accountID, accountIDMode, resourceARN optional[string]
	dualStack, fips, search                                 optional[bool]
}

// allParameters reports whether parameters has every parameter of the SDK: 8 pointers and a slice.
// The SDK that an application links may be newer, and have more; then no endpoint is remembered.
const allParameters = unsafe.Sizeof(dynamodb.EndpointParameters{}) == 8*unsafe.Sizeof(uintptr(0))+unsafe.Sizeof([]string{})

type optional[T comparable] struct {
	value T
	given bool
}

func valueOf[T comparable](p *T) optional[T] {
	if p == nil {
		return optional[T]{}
	}
	return optional[T]{*p, true}
}

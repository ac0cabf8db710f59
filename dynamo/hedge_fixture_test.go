package dynamo_test

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/matryer/is"

	"github.com/dynasession/dynasession/dynamo"
)

// step is how a call of GetItem goes.
type step struct {
	takes time.Duration
	err   error
	deaf  bool // ignores its context

	panics any
	exits  bool
}

// paced is an API whose GetItem takes as long as a test says, by the clock of a synctest bubble.
type paced struct {
	dynamo.API
	next func(n int) step // the nth call's

	mu        sync.Mutex
	calls     int
	cancelled int
}

// made returns how many calls there were, and how many of them were cancelled.
func (p *paced) made() (calls, cancelled int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls, p.cancelled
}

// from sets the steps of the next calls, counted from 0.
func (p *paced) from(next func(n int) step) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls, p.next = 0, next
}

// steps returns the steps of the first calls; the last one also applies to all later calls.
func steps(all ...step) func(int) step {
	return func(n int) step { return all[min(n, len(all)-1)] }
}

func (p *paced) GetItem(ctx context.Context, in *dynamodb.GetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	// An application's API may change the request.
	in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
	p.mu.Lock()
	s := p.next(p.calls)
	p.calls++
	p.mu.Unlock()
	done := ctx.Done()
	if s.deaf {
		done = nil
	}
	select {
	case <-time.After(s.takes):
	case <-done:
		p.mu.Lock()
		p.cancelled++
		p.mu.Unlock()
		return nil, ctx.Err()
	}
	switch {
	case s.err != nil:
		return nil, s.err
	case s.panics != nil:
		panic(s.panics)
	case s.exits:
		runtime.Goexit()
	}
	text := func(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
	number := func(n string) types.AttributeValue { return &types.AttributeValueMemberN{Value: n} }
	return &dynamodb.GetItemOutput{Item: map[string]types.AttributeValue{
		"id": in.Key["id"], "created": text("2026-03-01T09:00:00+00:00"), "accessed": text("2026-03-01T09:00:00+00:00"),
		"expires": number("1772362800"), "idle_timeout": number("7200"), "absolute_timeout": number("43200"),
		"data": text("1"), "rev": text("r"),
	}}, nil
}

// hedged returns a store over p.
func hedged(t *testing.T, p *paced, h *dynamo.Hedge) *dynamo.Store {
	t.Helper()
	store, err := dynamo.NewStore(p, &dynamo.Config{Hedge: h})
	is.New(t).NoErr(err)
	return store
}

// timed returns how long a Load takes, by the bubble's clock.
func timed(t *testing.T, s *dynamo.Store) (time.Duration, error) {
	t.Helper()
	begun := time.Now()
	_, err := s.Load(t.Context(), "k")
	return time.Since(begun), err
}

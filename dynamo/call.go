package dynamo

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/dynasession/dynasession/sessions"
)

// call is one call of a store: its deadline, its retries, and what became of its attempts.
type call struct {
	*retry.Standard
	endpoints *endpoints
	ctx       context.Context
	cancel    context.CancelFunc
	effort    *sessions.Effort // what somebody wants to know of it; nil: nobody does
	lost      bool             // an attempt failed in a way that leaves open whether it was applied
	failed    atomic.Bool      // an attempt failed
}

// begin starts a call, unless ctx is done already.
func (s *Store) begin(ctx context.Context) (*call, error) {
	c := new(call)
	return c, s.start(ctx, c)
}

// start is begin of a call that is there.
func (s *Store) start(ctx context.Context, c *call) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%w: %w", sessions.ErrUnavailable, err)
	}
	c.Standard, c.endpoints, c.effort = s.policy, s.endpoints, sessions.EffortOf(ctx)
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= s.timeout {
		c.ctx, c.cancel = ctx, func() {} // the caller's own comes first
	} else {
		c.ctx, c.cancel = context.WithTimeout(ctx, s.timeout)
	}
	return nil
}

// options puts the call in charge of its own retries, and spares it what the call before has found out.
func (c *call) options(o *dynamodb.Options) {
	o.Retryer = c
	o.RetryMaxAttempts = 0
	c.endpoints.remember(o)
}

// IsErrorRetryable is what the SDK asks after each failed attempt; that is where an attempt without an answer is noticed.
func (c *call) IsErrorRetryable(err error) bool {
	c.lost = c.lost || unanswered(err)
	c.failed.Store(true)
	return c.Standard.IsErrorRetryable(err)
}

// failedRead returns the error of a read that failed.
func (c *call) failedRead(err error) error {
	return fmt.Errorf("%w: %w", sessions.ErrUnavailable, advise(err))
}

// failedWrite returns the error of a write that failed: known not to have been applied, or not known.
func (c *call) failedWrite(err error) error {
	if c.lost || leavesOpen(err) {
		return fmt.Errorf("%w: %w", sessions.ErrOutcomeUnknown, err)
	}
	return fmt.Errorf("%w: %w", sessions.ErrUnavailable, advise(err))
}

// refused returns the error of a write whose condition did not hold, and whose own earlier attempt is not what is stored.
// After an attempt without an answer, that one may have been applied and overwritten since: then nothing is known.
func (c *call) refused(reason error) error {
	if c.lost {
		return fmt.Errorf("%w: an attempt was not answered, and afterwards: %w", sessions.ErrOutcomeUnknown, hide(reason))
	}
	return reason
}

// hide keeps reason's text but not its identity: who asks errors.Is for a conflict must not find one here.
func hide(reason error) error { return fmt.Errorf("%v", reason) }

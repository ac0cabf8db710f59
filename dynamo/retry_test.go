package dynamo

import (
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/matryer/is"
)

// Pauses double and have full jitter: anything from nothing to the bound, or from half of it if the
// call was throttled.
func TestPausesAreBoundedAndJittered(t *testing.T) {
	is := is.New(t)
	backoff := newBackoff()
	for _, c := range []struct {
		err    error
		least  float64 // of the bound
		bounds []time.Duration
	}{
		{errors.New("lost"), 0, []time.Duration{25, 50, 100, 200, 400, 500, 500}},
		{&types.ProvisionedThroughputExceededException{}, 0.5, []time.Duration{100, 200, 400, 500, 500, 500, 500}},
	} {
		for i, bound := range c.bounds {
			bound *= time.Millisecond
			shortest, longest := bound, time.Duration(0)
			for range 200 {
				d, err := backoff.BackoffDelay(i+1, c.err)
				is.NoErr(err)
				is.True(d.Seconds() >= c.least*bound.Seconds() && d < bound)
				shortest, longest = min(shortest, d), max(longest, d)
			}
			// 200 draws never all miss the lower half of the range, nor the upper.
			middle := (c.least + 1) / 2 * bound.Seconds()
			is.True(shortest.Seconds() < middle && longest.Seconds() > middle)
		}
	}
}

func TestPolicyIsOurs(t *testing.T) {
	is := is.New(t)
	p := newPolicy(newBackoff())
	is.Equal(p.MaxAttempts(), 10)
	for _, err := range []error{
		&types.TransactionConflictException{}, &types.ReplicatedWriteConflictException{},
		&types.ProvisionedThroughputExceededException{}, &types.ThrottlingException{}, &types.RequestLimitExceeded{},
	} {
		is.True(p.IsErrorRetryable(err))
	}
	for _, err := range []error{
		&types.ConditionalCheckFailedException{}, &types.ResourceNotFoundException{}, &types.ItemCollectionSizeLimitExceededException{},
	} {
		is.True(!p.IsErrorRetryable(err))
	}
}

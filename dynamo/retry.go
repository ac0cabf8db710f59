package dynamo

import (
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// The store's own retry policy: the SDK's changes between its versions, and is meant for calls that
// may take a minute. The call's deadline bounds it too.
const (
	maxAttempts = 10
	firstPause  = 25 * time.Millisecond
	// A throttled partition needs more rest than a lost connection.
	throttledPause = 100 * time.Millisecond
	longestPause   = 500 * time.Millisecond
)

// newPolicy returns the policy of a store. It retries what the SDK retries, and what the SDK leaves
// to the application: conflicts, and responses that break off or can't be read. All calls of the
// store share its retry quota, so that a failing service is not flooded. A throttled attempt
// doesn't count against the quota: the service works, and refuses one partition's calls only.
// Otherwise the requests of one user could use up the retries of others.
func newPolicy(pauses retry.BackoffDelayer) *retry.Standard {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = maxAttempts
		o.ThrottlingRetryCost = 0
		o.Retryables = append(o.Retryables, retry.IsErrorRetryableFunc(retryConflict), retry.IsErrorRetryableFunc(retryUnreadable))
		o.Backoff = pauses
	})
}

// newBackoff returns pauses that double, each with full jitter: somewhere between nothing and the
// bound. A throttled call pauses for half of the bound at least: calls of which some hardly pause
// use up their attempts before the partition has had its rest.
func newBackoff() retry.BackoffDelayer {
	jitter := retry.NewExponentialJitterBackoff(time.Second) // used for a random share only
	throttled := retry.IsErrorThrottles(retry.DefaultThrottles)
	return retry.BackoffDelayerFunc(func(attempt int, err error) (time.Duration, error) {
		share, jitterErr := jitter.BackoffDelay(0, nil) // in [0, 1s)
		if jitterErr != nil {
			return 0, jitterErr
		}
		first := firstPause
		if throttled.IsErrorThrottle(err) == aws.TrueTernary {
			first = throttledPause
			share = (time.Second + share) / 2
		}
		bound := min(first<<min(max(attempt-1, 0), maxAttempts), longestPause)
		return time.Duration(share.Seconds() * float64(bound)), nil
	})
}

// retryConflict retries writes that collide with a transaction or with another Region, which the
// SDK doesn't.
func retryConflict(err error) aws.Ternary {
	var conflict *types.TransactionConflictException
	var replicated *types.ReplicatedWriteConflictException
	if errors.As(err, &conflict) || errors.As(err, &replicated) {
		return aws.TrueTernary
	}
	return aws.UnknownTernary
}

// retryUnreadable retries attempts whose response could not be read.
func retryUnreadable(err error) aws.Ternary {
	if unreadable(err) {
		return aws.TrueTernary
	}
	return aws.UnknownTernary
}

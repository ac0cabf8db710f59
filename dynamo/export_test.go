package dynamo

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/dynasession/dynasession/sessions"
)

// WithoutPauses makes s retry at once, so that a test of retries takes no time.
func (s *Store) WithoutPauses() *Store {
	s.policy = newPolicy(retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil }))
	return s
}

// What benchmarks compare with.
var KeyOf = keyOf

// ReplaceInput returns the request of a Replace.
func (s *Store) ReplaceInput(rec sessions.Record, rev string) (*dynamodb.UpdateItemInput, error) {
	return s.replaceInput(rec, rev)
}

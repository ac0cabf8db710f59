package dynamo

import (
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/sessions/driver"
)

// WithoutPauses makes s retry at once, so that a test of retries takes no time.
func (s *Store) WithoutPauses() *Store { return s.WithPauses(0) }

// WithPauses makes each retry of s wait for d, and disables the TTL check.
func (s *Store) WithPauses(d time.Duration) *Store {
	s.looked.Store(true) // the TTL check would add a call
	s.policy = newPolicy(retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return d, nil }))
	return s
}

// Transport returns the transport of a client of NewClient, which the test may change.
func Transport(c *dynamodb.Client) *http.Transport {
	return c.Options().HTTPClient.(*http.Client).Transport.(*http.Transport)
}

// KeyOf and ReplaceInput are for benchmarks.
var KeyOf = keyOf

// ReplaceInput returns the request of a Replace.
func (s *Store) ReplaceInput(rec driver.Record, rev string) (*dynamodb.UpdateItemInput, error) {
	return s.replaceInput(rec, rev)
}

// payload returns a payload of JSON.
func payload(json string) codec.Payload { return codec.Opaque("json", []byte(json)) }

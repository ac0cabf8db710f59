package dynamo

import (
	"net/http"
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

// Transports returns those of the client that NewClient makes: of all calls, and of PutItem. Both may be changed.
func Transports(c *dynamodb.Client) (all, puts *http.Transport) {
	i := c.Options().HTTPClient.(*impatient)
	return i.all.Transport.(*http.Transport), i.puts.Transport.(*http.Transport)
}

// TuneDialer does to a dialer what NewClient does.
var TuneDialer = tuneDialer

// What benchmarks compare with.
var KeyOf = keyOf

// ReplaceInput returns the request of a Replace.
func (s *Store) ReplaceInput(rec sessions.Record, rev string) (*dynamodb.UpdateItemInput, error) {
	return s.replaceInput(rec, rev)
}

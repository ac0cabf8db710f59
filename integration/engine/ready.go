package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

var errGone = errors.New("it ended before it answered")

// await returns nil as soon as the engine at url answers, and an error if it is gone or ctx is done before.
func await(ctx context.Context, url string, gone <-chan struct{}) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	var refusal error
	for {
		err := ping(ctx, url)
		if err == nil {
			return nil
		}
		if refusal == nil || ctx.Err() == nil {
			refusal = err // that of a ping which the deadline has cut short says nothing of the engine
		}
		select {
		case <-gone:
			return errGone
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer: %w: %w", url, ctx.Err(), refusal)
		case <-tick.C:
		}
	}
}

// ping asks once for what every engine knows.
func ping(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	client := newClient(url, func(o *dynamodb.Options) { o.RetryMaxAttempts = 1 })
	_, err := client.ListTables(ctx, &dynamodb.ListTablesInput{})
	return err
}

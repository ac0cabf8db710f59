package main

import (
	"context"
	"errors"
	"math"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/time/rate"
)

// A scanner reads a whole table in segments, several of them at a time. Its reads are eventually
// consistent, at half the price.
type scanner struct {
	client   *dynamodb.Client
	table    string
	segments int
	workers  int
	limit    *rate.Limiter
	each     func(segment int, items []item, units float64)
	done     func(segment int) // called after the last page of a segment
}

// newLimiter returns a limiter of read units a second. A page may consume more than one unit; see
// pay.
func newLimiter(units float64) *rate.Limiter {
	return rate.NewLimiter(rate.Limit(units), max(1, int(math.Ceil(units))))
}

// errEnough stops a scan once it has found its item.
var errEnough = errors.New("enough")

// scan reads all segments except those in skip.
func (s *scanner) scan(ctx context.Context, skip map[int]bool) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	segments := make(chan int)
	var workers sync.WaitGroup
	for range max(1, s.workers) {
		workers.Go(func() {
			for segment := range segments {
				if err := s.segment(ctx, segment); err != nil {
					cancel(err)
					return
				}
				s.done(segment)
			}
		})
	}
	for segment := range s.segments {
		if skip[segment] {
			continue
		}
		select {
		case segments <- segment:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
	}
	close(segments)
	workers.Wait()
	if err := context.Cause(ctx); err != nil && !errors.Is(err, errEnough) {
		return err
	}
	return nil
}

func (s *scanner) segment(ctx context.Context, segment int) error {
	pages := dynamodb.NewScanPaginator(s.client, &dynamodb.ScanInput{
		TableName: &s.table, Segment: aws.Int32(int32(segment)), TotalSegments: aws.Int32(int32(s.segments)),
		ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
	})
	for pages.HasMorePages() {
		if err := s.limit.WaitN(ctx, 1); err != nil {
			return err
		}
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		var units float64
		if page.ConsumedCapacity != nil && page.ConsumedCapacity.CapacityUnits != nil {
			units = *page.ConsumedCapacity.CapacityUnits
		}
		items := make([]item, len(page.Items))
		for i, it := range page.Items {
			items[i] = it
		}
		s.each(segment, items, units)
		if err := s.pay(ctx, units-1); err != nil {
			return err
		}
	}
	return nil
}

// pay waits for the units that a page consumed beyond the one it had waited for.
func (s *scanner) pay(ctx context.Context, units float64) error {
	for left := int(math.Ceil(units)); left > 0; {
		n := min(left, s.limit.Burst())
		if err := s.limit.WaitN(ctx, n); err != nil {
			return err
		}
		left -= n
	}
	return nil
}

// scanFor scans the table for a session whose handle is not its key.
func (c *cli) scanFor(ctx context.Context, client *dynamodb.Client, handle string) (item, error) {
	if err := c.checkRate(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var mu sync.Mutex
	var found item
	s := scanner{
		client: client, table: c.table, segments: 1, workers: 1, limit: newLimiter(c.rate), done: func(int) {},
		each: func(_ int, items []item, _ float64) {
			for _, it := range items {
				if it.kind() == kindSession && it.handle() == handle {
					mu.Lock()
					found = it
					mu.Unlock()
					cancel(errEnough)
				}
			}
		},
	}
	if err := s.scan(ctx, nil); err != nil && !errors.Is(context.Cause(ctx), errEnough) {
		return nil, err
	}
	return found, nil
}

// checkRate refuses a rate out of bounds. The negated comparisons refuse NaN.
func (c *cli) checkRate() error {
	if !(c.rate >= 1 && c.rate <= 1e6) {
		return exit(exitUsage, "-rate is %v: must be between 1 and 1000000 read units a second", c.rate)
	}
	return nil
}

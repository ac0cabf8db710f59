package storetest

import (
	"errors"
	"fmt"
	"sync"

	"github.com/dynasession/dynasession/sessions"
)

// racers is how many calls a race has.
const racers = 8

// race makes n calls begin at the same time, and returns their errors.
func race(n int, call func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = call(i)
		})
	}
	close(start)
	wg.Wait()
	return errs
}

// oneWins checks that exactly one call succeeded, and returns which. The others may have lost in one of the given ways, or, where
// all of them went for one record at the same time, have been turned away by a store that is a service.
func oneWins(errs []error, losing ...error) (winner int, err error) {
	winner = -1
	for i, e := range errs {
		if e == nil {
			if winner >= 0 {
				return 0, errors.New("two calls of a race succeeded")
			}
			winner = i
			continue
		}
		if !isAny(e, append(losing, sessions.ErrUnavailable)) {
			return 0, fmt.Errorf("a call that lost: %w", e)
		}
	}
	if winner < 0 {
		return 0, fmt.Errorf("no call of a race succeeded: %w", errors.Join(errs...))
	}
	return winner, nil
}

func isAny(err error, targets []error) bool {
	for _, t := range targets {
		if errors.Is(err, t) {
			return true
		}
	}
	return false
}

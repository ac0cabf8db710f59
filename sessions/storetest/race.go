package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/dynasession/dynasession/sessions/driver"
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
			defer func() {
				if p := recover(); p != nil {
					errs[i] = fmt.Errorf("panicked with a %T", p)
				}
			}()
			<-start
			errs[i] = call(i)
		})
	}
	close(start)
	wg.Wait()
	return errs
}

// oneWins checks that exactly one call succeeded, and returns its index. The others may have
// returned one of the errors losing, or ErrUnavailable, since a service may refuse concurrent calls
// for one key.
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
		if !isAny(e, append(slices.Clone(losing), driver.ErrUnavailable)) {
			return 0, fmt.Errorf("a call that lost: %w", e)
		}
	}
	if winner < 0 {
		return 0, fmt.Errorf("no call of a race succeeded: %w", errors.Join(errs...))
	}
	return winner, nil
}

func isAny(err error, targets []error) bool {
	return slices.ContainsFunc(targets, func(t error) bool { return errors.Is(err, t) })
}

// noneLost checks that calls returned no errors other than those in losing.
func noneLost(errs []error, losing ...error) error {
	for _, err := range errs {
		if err != nil && !isAny(err, losing) {
			return fmt.Errorf("a call of a race: %w", err)
		}
	}
	return nil
}

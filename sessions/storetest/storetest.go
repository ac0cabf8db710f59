package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/dynasession/dynasession/sessions/driver"
)

// RuleError says that a store breaks a rule.
type RuleError struct {
	Rule     string // its name, such as "replace: another rev"
	Sentence string // its sentence of the contract
	Err      error  // what was observed
}

// Error returns a text with all three.
func (e *RuleError) Error() string {
	return fmt.Sprintf("storetest: %s: %v (%q)", e.Rule, e.Err, e.Sentence)
}

// Unwrap returns what was observed.
func (e *RuleError) Unwrap() error { return e.Err }

// Run tests the store that newStore returns, with a subtest for each rule. It calls newStore once
// for each subtest; newStore may always return the same store.
func Run(t *testing.T, newStore func(t *testing.T) driver.Store) {
	t.Helper()
	broken := map[string]bool{}
	for _, r := range rules() {
		if r.builtOn(broken) {
			broken[r.name] = true
			continue
		}
		t.Run(r.name, func(t *testing.T) {
			if err := r.run(t.Context(), newStore(t)); err != nil {
				broken[r.name] = true
				t.Error(err)
			}
		})
	}
}

// Check is [Run] outside of a test. It returns nil, or the joined [*RuleError]s of all broken
// rules. If ctx ends, the remaining rules fail.
func Check(ctx context.Context, newStore func() driver.Store) error {
	broken := map[string]bool{}
	var errs []error
	for _, r := range rules() {
		if r.builtOn(broken) {
			broken[r.name] = true
			continue
		}
		if err := r.run(ctx, newStore()); err != nil {
			broken[r.name] = true
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

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
	Sentence string // of the contract
	Err      error  // what was seen
}

// Error names all three.
func (e *RuleError) Error() string {
	return fmt.Sprintf("storetest: %s: %v (%q)", e.Rule, e.Err, e.Sentence)
}

// Unwrap returns what was seen.
func (e *RuleError) Unwrap() error { return e.Err }

// Run checks the store that newStore returns, with a subtest for each rule. Each subtest asks for a
// store of its own; newStore may return the same one each time.
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

// Check does what Run does, outside of a test. It returns nil, or the [*RuleError] of every rule
// that is broken, joined. If ctx ends, the remaining rules fail.
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

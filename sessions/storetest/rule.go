package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/dynasession/dynasession/sessions/driver"
)

// rule is a sentence of the contract, and a check that a store keeps it.
type rule struct {
	name     string
	sentence string
	needs    []string // the rules that this one's check relies on
	check    func(*lab) error
}

// rules returns all rules; a rule comes after those that it needs.
func rules() []rule {
	basic := basicRules()
	further := slices.Concat(replaceRules(), keepRules(), touchRules(), bindRules(), endRules(), markerRules(), readRules(),
		repeatRules(), contextRules(), raceRules())
	for i := range further { // all rules about records rely on these
		further[i].needs = append(further[i].needs, loadAbsent, createStores, loadOwn)
	}
	return slices.Concat(basic, rosterRules(), further, clockRules(), rosterRaceRules())
}

// builtOn reports whether r needs one of the broken rules.
func (r rule) builtOn(broken map[string]bool) bool {
	return slices.ContainsFunc(r.needs, func(name string) bool { return broken[name] })
}

// run checks r, and removes what it has written.
func (r rule) run(ctx context.Context, store driver.Store) (err error) {
	if store == nil {
		return &RuleError{r.name, r.sentence, errors.New("the store is nil")}
	}
	l := &lab{ctx: ctx, store: store, begun: time.Now().UTC().Truncate(time.Second)}
	defer l.clean()
	defer func() {
		if p := recover(); p != nil {
			err = &RuleError{r.name, r.sentence, fmt.Errorf("panicked with a %T", p)}
		}
	}()
	if err := r.check(l); err != nil {
		return &RuleError{r.name, r.sentence, err}
	}
	return nil
}

// wants returns an error unless err is want; nil wants none.
func wants(call string, err, want error) error {
	switch {
	case want == nil && err != nil:
		return fmt.Errorf("%s: %w, want no error", call, err)
	case want != nil && !errors.Is(err, want):
		return fmt.Errorf("%s: %w, want %w", call, orNone(err), want)
	}
	return nil
}

// first returns the first error, so that checks read as a list.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

var errNone = errors.New("no error")

func orNone(err error) error {
	if err == nil {
		return errNone
	}
	return err
}

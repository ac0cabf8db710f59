// Package veto lets the caller of a Manager's Save refuse it at the moment when it would store
// something: finding a reason may be costly, and most saves have nothing to store.
package veto

import "context"

type key struct{}

// With returns a context with which a Save that would store something first calls refuse, and
// returns its error if it isn't nil.
func With(ctx context.Context, refuse func() error) context.Context {
	return context.WithValue(ctx, key{}, refuse)
}

// Of returns the error of the function given to [With], nil if there is none.
func Of(ctx context.Context) error {
	if refuse, ok := ctx.Value(key{}).(func() error); ok {
		return refuse()
	}
	return nil
}

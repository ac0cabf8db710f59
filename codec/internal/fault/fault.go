// Package fault makes the errors of codecs. Their texts say where and what is wrong, but have no
// values, which the errors of encoders may have.
package fault

import (
	"errors"
	"fmt"
)

// Error is an error whose text names only the type of its cause. errors.Is and errors.As find the
// cause itself.
type Error struct {
	text  string
	cause func() error // a function, so that no verb of fmt prints it
}

// New returns an error with this text, caused by err.
func New(err error, format string, args ...any) *Error {
	return &Error{text: fmt.Sprintf(format, args...), cause: func() error { return err }}
}

// Custom returns an error caused by err, which comes from a type that encodes or decodes itself.
// The text of err is left out, since it may hold values.
func Custom(err error, doing string) *Error {
	cause := err
	for e := errors.Unwrap(cause); e != nil; e = errors.Unwrap(cause) {
		cause = e
	}
	return New(err, "%s: the error is a %T", doing, cause)
}

// Panicked returns the error for a value that a call panicked with, or nil if it is nil.
func Panicked(recovered any, doing string) error {
	if recovered == nil {
		return nil
	}
	err, _ := recovered.(error)
	return New(err, "%s: panicked with a %T", doing, recovered)
}

func (e *Error) Error() string { return e.text }

func (e *Error) Unwrap() error { return e.cause() }

// mostShown is how many bytes Short leaves of a text.
const mostShown = 64

// Short returns a text of any origin for an error: its beginning, if it is long.
func Short(s string) string {
	if len(s) > mostShown {
		return s[:mostShown] + "…"
	}
	return s
}

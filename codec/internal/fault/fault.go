// Package fault makes the errors of codecs: they say where and what, and never hold a value.
// Encoders put values into theirs.
package fault

import (
	"errors"
	"fmt"
)

// Error is an error whose text tells nothing of its cause but the type. The cause is there for
// errors.Is and errors.As.
type Error struct {
	text  string
	cause func() error // a function, which no verb of fmt looks into
}

// New returns an error of this text, caused by err.
func New(err error, format string, args ...any) *Error {
	return &Error{text: fmt.Sprintf(format, args...), cause: func() error { return err }}
}

// Custom returns the error of a type that encodes or decodes itself: what it says is the
// application's, and may hold values.
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

// Error returns the text.
func (e *Error) Error() string { return e.text }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause() }

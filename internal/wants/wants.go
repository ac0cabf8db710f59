// Package wants has checks for tests. A check that fails shows the value it got.
package wants

import (
	"errors"
	"strings"
	"testing"
)

// Err ends the test unless errors.Is(err, target).
func Err(t testing.TB, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Fatalf("the error is %v\nwant %v", err, target)
	}
}

// NotErr ends the test if errors.Is(err, target).
func NotErr(t testing.TB, err, target error) {
	t.Helper()
	if errors.Is(err, target) {
		t.Fatalf("the error is %v\nwant none that is %v", err, target)
	}
}

// Text ends the test unless the text of err contains each of the parts.
func Text(t testing.TB, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("there is no error; want one with %q", parts)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Fatalf("the error is %v\nwant one with %q", err, part)
		}
	}
}

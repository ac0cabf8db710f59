package web

import (
	"fmt"
	"runtime"
	"strings"
)

// errUnwinding is logged if a response that a deferred call writes during a panic saves nothing.
var errUnwinding = fmt.Errorf("%w: the handler panics, and what it has changed in the session is not saved, see Discard", ErrCommitted)

// notUnwinding returns errUnwinding if this goroutine runs a deferred call of a handler that
// panics, such as the Close of a compressor or a recoverer inside of Handler. It reads the stack,
// since nothing else shows it.
func notUnwinding() error {
	if unwinding() {
		return errUnwinding
	}
	return nil
}

func unwinding() bool {
	pcs := make([]uintptr, 64)
	for skip := 1; ; skip += len(pcs) {
		n := runtime.Callers(skip, pcs)
		if n == 0 {
			return false
		}
		frames := runtime.CallersFrames(pcs[:n])
		for more := true; more; {
			var frame runtime.Frame
			frame, more = frames.Next()
			switch {
			case frame.Function == "runtime.gopanic", frame.Function == "runtime.Goexit":
				return true
			case strings.HasSuffix(frame.Function, "/sessions/web.(*Middleware[...]).serve"):
				return false // what is below is around the Handler
			}
		}
	}
}

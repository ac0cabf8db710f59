package web

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
)

// errUnwinding is logged if a response that a deferred call writes during a panic saves nothing.
var errUnwinding = fmt.Errorf("%w: the handler panics, and what it has changed in the session is not saved, see Discard", ErrCommitted)

// unwinding reports whether this goroutine runs a deferred call of a handler that panics, such as
// the Close of a compressor or a recoverer inside of Handler. It reads the stack, since nothing
// else shows it, and is called where the stack has few frames above the handler's.
func unwinding() bool {
	var pcs [64]uintptr
	part := pcs[:16] // mostly enough
	for skip := 2; ; part = pcs[:] {
		n := runtime.Callers(skip, part)
		for _, pc := range part[:n] {
			switch callers.of(pc) {
			case unwinds:
				return true
			case serves:
				return false // what is below is around the Handler
			}
		}
		if n < len(part) {
			return false
		}
		skip += n
	}
}

// caller says what a return address belongs to.
type caller byte

const (
	other   caller = iota
	unwinds        // the runtime's function that makes the deferred calls of a panic, or of Goexit
	serves         // Middleware.serve
)

// callers remembers what return addresses belong to, of which a program has few: to look up the
// function's name takes far longer.
var callers remembered

type remembered struct {
	mu   sync.RWMutex
	byPC map[uintptr]caller
}

func (r *remembered) of(pc uintptr) caller {
	r.mu.RLock()
	c, ok := r.byPC[pc]
	r.mu.RUnlock()
	if ok {
		return c
	}
	frame, _ := runtime.CallersFrames([]uintptr{pc}).Next()
	switch {
	case frame.Function == "runtime.gopanic", frame.Function == "runtime.Goexit":
		c = unwinds
	case strings.HasSuffix(frame.Function, "/sessions/web.(*Middleware[...]).serve"):
		c = serves
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byPC == nil {
		r.byPC = map[uintptr]caller{}
	}
	r.byPC[pc] = c
	return c
}

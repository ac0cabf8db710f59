package web

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
)

// ErrBusy means that a method was called from within another call for the same session: by an
// observer, a log handler, a store or a codec that this call runs. Waiting would be a deadlock.
var ErrBusy = errors.New("web: called from within another call for the same session")

// turn lets the calls for one session take turns. Unlike with a lock, a goroutine that calls again
// from within its own turn gets ErrBusy, and one that waits can give up.
type turn struct {
	mu    sync.Mutex // never held during a call
	taken bool
	freed chan struct{} // closed when the turn has ended; nil: nobody waits
}

// run calls f when no other call runs.
func (t *turn) run(ctx context.Context, f func() error) error {
	if err := t.take(ctx); err != nil {
		return err
	}
	defer t.end()
	return f()
}

func (t *turn) take(ctx context.Context) error {
	for {
		t.mu.Lock()
		if !t.taken {
			t.taken = true
			t.mu.Unlock()
			return nil
		}
		if t.freed == nil {
			t.freed = make(chan struct{})
		}
		freed := t.freed
		t.mu.Unlock()
		if withinTurn() {
			return ErrBusy
		}
		select {
		case <-freed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (t *turn) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.taken = false
	if t.freed != nil {
		close(t.freed)
		t.freed = nil
	}
}

// withinTurn reports whether this goroutine is within a turn already. It reads the stack, since
// code without a context, such as a codec's, can't be recognised otherwise. Only a call that would
// have to wait pays for it.
func withinTurn() bool {
	turns := 0
	pcs := make([]uintptr, 64)
	for skip := 1; ; skip += len(pcs) {
		n := runtime.Callers(skip, pcs)
		frames := runtime.CallersFrames(pcs[:n])
		for {
			frame, more := frames.Next()
			if strings.HasSuffix(frame.Function, "/sessions/web.(*turn).run") {
				turns++
			}
			if turns > 1 {
				return true
			}
			if !more {
				break
			}
		}
		if n < len(pcs) {
			return false
		}
	}
}

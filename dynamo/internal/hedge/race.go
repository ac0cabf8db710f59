package hedge

import (
	"context"
	"errors"
)

// race is a read that is asked once or twice.
type race[O any] struct {
	ctx      context.Context
	answers  chan answer[O]   // with room for both, so that the call that loses waits for nobody
	definite func(error) bool // whether an error is an answer of the service, which it would give again
}

// answer is how one of the calls ended.
type answer[O any] struct {
	first    bool // of the first call
	out      O
	err      error
	panicked any
}

var errExited = errors.New("the goroutine of the call has exited")

// ask makes one of the calls. There is an answer even if the call panics or its goroutine exits.
func (r race[O]) ask(call func(context.Context) (O, error), first bool) {
	a := answer[O]{first: first, err: errExited}
	defer func() {
		a.panicked = recover()
		r.answers <- a
	}()
	a.out, a.err = call(r.ctx)
}

// next returns the next answer, or the context's error: a call may not heed its context.
func (r race[O]) next() answer[O] {
	select {
	case a := <-r.answers:
		return a
	case <-r.ctx.Done():
	}
	select {
	case a := <-r.answers:
		return a
	default:
		return answer[O]{err: r.ctx.Err()}
	}
}

// better returns the answer that counts of two calls: the one that comes first, unless it failed
// and the other did not. What the service has told the first call, after its retries, it would tell
// the other too. If both fail, an error of the service tells more than a deadline.
func (r race[O]) better() answer[O] {
	a := r.next()
	if a.err == nil || a.panicked != nil || a.first && r.definite(a.err) || r.ctx.Err() != nil {
		return a
	}
	b := r.next()
	if b.err == nil || b.panicked != nil || timedOut(a.err) && !timedOut(b.err) {
		return b
	}
	return a
}

func timedOut(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

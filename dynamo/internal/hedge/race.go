package hedge

import (
	"context"
	"errors"
)

// race is a read that is made once or twice.
type race[O any] struct {
	ctx      context.Context
	answers  chan answer[O]   // with room for both, so that the losing call never blocks
	definite func(error) bool // whether an error is the service's response, which it would repeat
}

// answer is the result of one of the calls.
type answer[O any] struct {
	first    bool // it is the first call's
	out      O
	err      error
	panicked any
}

var errExited = errors.New("the goroutine of the call has exited")

// ask makes one of the calls. It sends an answer even if the call panics or exits its goroutine.
func (r race[O]) ask(call func(context.Context) (O, error), first bool) {
	a := answer[O]{first: first, err: errExited}
	defer func() {
		a.panicked = recover()
		r.answers <- a
	}()
	a.out, a.err = call(r.ctx)
}

// next returns the next answer, or the context's error, since a call may ignore its context.
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

// better returns the better answer of two calls: the one that comes first, unless it failed and the
// other did not. It doesn't wait for the other if the service refused the first call, since it
// would refuse the other too. If both fail, it prefers an error of the service to a deadline.
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

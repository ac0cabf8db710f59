package dynamo

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// race is a read that is asked once or twice.
type race struct {
	ctx     context.Context
	answers chan answer // with room for both, so that the call that loses waits for nobody
}

// answer is what became of one of the calls.
type answer struct {
	first    bool // it is that of the first call
	out      *dynamodb.GetItemOutput
	err      error
	panicked any
}

var errExited = errors.New("the goroutine of the call has exited")

// ask makes one of the calls. Whatever becomes of it, there is an answer.
func (r race) ask(api API, in *dynamodb.GetItemInput, o func(*dynamodb.Options), first bool) {
	a := answer{first: first, err: errExited}
	defer func() {
		a.panicked = recover()
		r.answers <- a
	}()
	a.out, a.err = api.GetItem(r.ctx, in, o)
}

// next returns the next answer, or that the context is done, which an API may not heed.
func (r race) next() answer {
	select {
	case a := <-r.answers:
		return a
	case <-r.ctx.Done():
	}
	select {
	case a := <-r.answers:
		return a
	default:
		return answer{err: r.ctx.Err()}
	}
}

// better returns the answer of two calls that counts: the first one, but that of the other where one has failed. What the service has told
// the first call, after its retries, it would tell the other too; and where both fail, a deadline is the lesser news.
func (r race) better() answer {
	a := r.next()
	if a.err == nil || a.panicked != nil || a.first && definite(a.err) || r.ctx.Err() != nil {
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

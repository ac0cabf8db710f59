package hedge

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/matryer/is"
)

var errNo = errors.New("the service says no")

func isNo(err error) bool { return errors.Is(err, errNo) }

// The cases are pairs of answers, in the order in which they come, and the better one.
func TestRace_TheBetterAnswer(t *testing.T) {
	good, failed, other := answer[int]{out: 1}, answer[int]{err: errors.New("failed")}, answer[int]{err: errors.New("other")}
	late, no := answer[int]{err: context.DeadlineExceeded}, answer[int]{err: errNo}
	first := func(a answer[int]) answer[int] { a.first = true; return a }
	for _, c := range []struct {
		name string
		a, b answer[int]
		want answer[int]
	}{
		{"the first one", good, failed, good},
		{"the one that has not failed", failed, good, good},
		{"of two errors that which came first", failed, other, failed},
		{"of two errors that which tells more", late, other, other},
		{"a deadline, if there is nothing else", late, late, late},
		{"what the service says to the first call", first(no), good, first(no)},
		{"not what it says to the other", no, first(good), first(good)},
	} {
		t.Run(c.name, func(t *testing.T) {
			is := is.New(t)
			r := race[int]{t.Context(), make(chan answer[int], 2), isNo}
			r.answers <- c.a
			r.answers <- c.b
			is.Equal(r.better(), c.want)
		})
	}
}

func TestRace_AnAnswerThatIsThereCountsMoreThanADeadline(t *testing.T) {
	is := is.New(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 50 {
		r := race[int]{ctx, make(chan answer[int], 2), isNo}
		is.Equal(r.next().err, context.Canceled)
		r.answers <- answer[int]{out: 1}
		is.NoErr(r.next().err)
	}
}

// After a pause of the process, answer and timer are ready together: a read that has its answer is
// not late.
func TestHedger_WhatIsAnsweredIsNotLate(t *testing.T) {
	is := is.New(t)
	h := New(time.Nanosecond, 97, 1, isNo)
	for range 200 {
		r := race[int]{t.Context(), make(chan answer[int], 2), isNo}
		r.answers <- answer[int]{out: 1}
		_, answered := await(h, r, func() bool { return false })
		is.True(answered)
	}
}

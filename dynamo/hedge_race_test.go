package dynamo

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/matryer/is"
)

// Which of two answers counts, in the order in which they come.
func TestRace_TheBetterAnswer(t *testing.T) {
	good, failed, other := answer{out: &dynamodb.GetItemOutput{}}, answer{err: errors.New("failed")}, answer{err: errors.New("other")}
	late, no := answer{err: context.DeadlineExceeded}, answer{err: &types.ResourceNotFoundException{}}
	first := func(a answer) answer { a.first = true; return a }
	for _, c := range []struct {
		name string
		a, b answer
		want answer
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
			r := race{t.Context(), make(chan answer, 2)}
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
		r := race{ctx, make(chan answer, 2)}
		is.Equal(r.next().err, context.Canceled)
		r.answers <- answer{out: &dynamodb.GetItemOutput{}}
		is.NoErr(r.next().err)
	}
}

// Answer and timer come together after each pause of the process: what has been answered is not late.
func TestHedger_WhatIsAnsweredIsNotLate(t *testing.T) {
	is := is.New(t)
	h := newHedger(&Hedge{After: time.Nanosecond, MaxExtra: 1})
	for range 200 {
		r := race{t.Context(), make(chan answer, 2)}
		r.answers <- answer{out: &dynamodb.GetItemOutput{}}
		_, answered := h.await(r, &call{})
		is.True(answered)
	}
}

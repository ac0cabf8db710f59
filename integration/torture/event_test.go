package torture

import (
	"testing"

	"github.com/matryer/is"
)

func TestEvent_WhatMayHaveHappened(t *testing.T) {
	is := is.New(t)
	is.True(Event{Outcome: Done}.maybe())
	is.True(Event{Outcome: Unknown}.maybe())
	for _, o := range []Outcome{Gone, Moved, Expired, Failed} {
		is.True(!Event{Outcome: o}.maybe())
	}
	is.True(Event{Kind: Authenticate}.renames())
	is.True(!Event{Kind: Save}.renames())
}

func TestNames(t *testing.T) {
	is := is.New(t)
	for k := range kinds {
		is.True(k.String() != "")
	}
	for o := range outcomes {
		is.True(o.String() != "")
	}
}

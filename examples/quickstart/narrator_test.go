package main

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions"
)

func TestNarrator_NumbersItsSteps(t *testing.T) {
	is := is.New(t)
	var out bytes.Buffer
	n := &narrator{out: &out}
	n.step("One.")
	n.show("a value", []string{"x"})
	n.step("Two.")
	n.outcome("Load", nil)
	is.Equal(out.String(), "\n1. One.\n   a value: [x]\n\n2. Two.\n   Load: done\n")
}

func TestVerdict(t *testing.T) {
	is := is.New(t)
	is.Equal(verdict(fmt.Errorf("x: %w", sessions.ErrExpired)), "sessions.ErrExpired")
	is.Equal(verdict(sessions.ErrNotFound), "sessions.ErrNotFound")
	is.Equal(verdict(sessions.ErrConflict), "sessions.ErrConflict")
	is.Equal(verdict(errors.New("else")), "else")
}

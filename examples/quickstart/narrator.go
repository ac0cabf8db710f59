package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/dynasession/dynasession/sessions"
)

// narrator writes down what happens.
type narrator struct {
	out   io.Writer
	steps int
}

func (n *narrator) step(text string) {
	n.steps++
	fmt.Fprintf(n.out, "\n%d. %s\n", n.steps, text)
}

func (n *narrator) show(what string, value any) { fmt.Fprintf(n.out, "   %s: %v\n", what, value) }

// outcome tells how a call ended: what its error is, by the sentinels that an application would ask for.
func (n *narrator) outcome(what string, err error) {
	fmt.Fprintf(n.out, "   %s: %s\n", what, verdict(err))
}

func verdict(err error) string {
	switch {
	case err == nil:
		return "done"
	case errors.Is(err, sessions.ErrExpired):
		return "sessions.ErrExpired"
	case errors.Is(err, sessions.ErrNotFound):
		return "sessions.ErrNotFound"
	case errors.Is(err, sessions.ErrConflict):
		return "sessions.ErrConflict"
	default:
		return err.Error()
	}
}

// short is the beginning of a handle, for a line on a terminal.
func short(handle string) string { return handle[:12] + "…" }

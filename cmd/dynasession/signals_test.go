package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/integration/engine"
	"github.com/dynasession/dynasession/internal/wants"
)

// full is an output on a full disk.
type full struct{}

var errFull = errors.New("no space left on device")

func (full) Write([]byte) (int, error) { return 0, errFull }

// here runs the program in this process.
func (d *desk) here(ctx context.Context, in io.Reader, out, errs io.Writer, args ...string) int {
	d.t.Helper()
	return run(ctx, append([]string{"-table", d.table, "-endpoint", engine.Endpoint(d.t)}, args...), in, out, errs)
}

func TestOutputThatIsLost_IsAFailure(t *testing.T) {
	is := is.New(t)
	d := newDesk(t)
	state := filepath.Join(t.TempDir(), "state")
	for _, args := range [][]string{{"help"}, {"table", "create"}, {"subject", "list", "ada"}, {"subject", "list", "ada", "-json"}, {"stats", "-state", state}} {
		var errs bytes.Buffer
		is.Equal(d.here(t.Context(), nil, full{}, &errs, args...), exitFailed)
		is.True(bytes.Contains(errs.Bytes(), []byte(errFull.Error())))
	}
	_, err := os.Stat(state)
	is.NoErr(err) // its counts are not lost
	is.Equal(d.here(t.Context(), nil, io.Discard, io.Discard, "stats", "-state", state), exitDone)
	_, err = os.Stat(state)
	wants.Err(t, err, os.ErrNotExist)
}

// asked is an error output that cancels when the question is asked.
type asked struct {
	bytes.Buffer
	cancel func()
}

func (a *asked) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte("Type yes")) {
		a.cancel()
	}
	return a.Buffer.Write(b)
}

// An interrupt ends a question that nobody answers.
func TestInterrupt_EndsAQuestion(t *testing.T) {
	is := is.New(t)
	d := newDesk(t)
	in, answer := io.Pipe()
	defer answer.Close()
	ctx, cancel := context.WithCancel(t.Context())
	errs := &asked{cancel: cancel}
	is.Equal(d.here(ctx, in, io.Discard, errs, "revoke-before", "now"), exitStopped)
	is.True(bytes.Contains(errs.Bytes(), []byte("not confirmed")))
	is.Equal(d.here(ctx, in, io.Discard, io.Discard, "session", "show", "-"), exitStopped) // nor does it wait for an ID
}

// Package python_test lets Go and Python use the same sessions in one table.
package python_test

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/integration/engine"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/pysession"
)

// python is a Python process that makes the calls of dynamodb-session-web.
type python struct {
	t     *testing.T
	in    io.Writer
	out   *bufio.Reader
	table string
	keys  []string
}

// interpreters are tried in this order. The system's comes first, since it finds Debian's packages.
var interpreters = []string{"/usr/bin/python3", "python3"}

// interpreter returns the path of a Python with boto3 and itsdangerous. If there is none, the test
// is skipped; with CI=true it fails.
func interpreter(t *testing.T) string {
	t.Helper()
	for _, p := range interpreters {
		if exec.Command(p, "-c", "import boto3, itsdangerous").Run() == nil {
			return p
		}
	}
	const needs = "needs Python with boto3 and itsdangerous (Debian: python3-boto3, python3-itsdangerous)"
	if required, _ := strconv.ParseBool(os.Getenv("CI")); required {
		t.Fatal(needs)
	}
	t.Skip("SKIPPED, " + needs)
	return ""
}

func start(t *testing.T, keys ...string) *python {
	t.Helper()
	table := engine.NewTable(t)
	process := exec.CommandContext(t.Context(), interpreter(t), "testdata/client.py", engine.Endpoint(t), table)
	process.Stderr = os.Stderr
	in, err := process.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close(); _ = process.Wait() })
	return &python{t, in, bufio.NewReader(out), table, keys}
}

// found is the result of Python's load.
type found struct {
	ID             string
	Created        string
	Idle, Absolute int
	Data           any
}

// call makes a call in Python. A nil result is None.
func (p *python) call(op string, args map[string]any) *found {
	p.t.Helper()
	call := map[string]any{"op": op, "keys": p.keys}
	for k, v := range args {
		call[k] = v
	}
	if err := json.NewEncoder(p.in).Encode(call); err != nil {
		p.t.Fatal(err)
	}
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		p.t.Fatalf("Python has ended: %v", err)
	}
	var answer struct{ Answer *found }
	if err := json.Unmarshal(line, &answer); err != nil {
		p.t.Fatal(err)
	}
	return answer.Answer
}

// manager returns a Go Manager on Python's table.
func manager[T any](p *python, now clock.Clock) *sessions.Manager[T] {
	p.t.Helper()
	m, err := sessions.New(engine.Store(p.t, p.table), pysession.Config[T](pysession.Options{Keys: p.keys, Clock: now}))
	if err != nil {
		p.t.Fatal(err)
	}
	return m
}

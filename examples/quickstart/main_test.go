package main

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/integration/engine"
)

const story = `A visitor's first request puts [tea] into her cart.
Two more come at the same time. The faster saves [tea cups].
The slower would overwrite that, and is refused: true
Update loads, changes and saves until it holds: [tea cups milk].
She signs in and gets a new ID. The old one, which somebody may have planted, is dead: true
She is away for 1h59m0s, and still signed in as ada.
She logs out. A slow request of hers can't bring the session back: true
Another visitor stays away for 2h0m0s. His session has expired: true
`

// run runs the program and returns its output and its error text.
func run(t *testing.T, args ...string) (out, said string, err error) {
	t.Helper()
	var stdout, stderr strings.Builder
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"run", "-buildvcs=false", "."}, args...)...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	return stdout.String(), stderr.String(), err
}

func TestQuickstart_InMemory(t *testing.T) {
	is := is.New(t)
	out, _, err := run(t)
	is.NoErr(err)
	is.Equal(out, story)
}

func TestQuickstart_OnAnEngine(t *testing.T) {
	is := is.New(t)
	for range 2 { // the second time, the table exists
		out, _, err := run(t, "-dynamodb", engine.Endpoint(t))
		is.NoErr(err)
		is.Equal(out, story)
	}
}

func TestQuickstart_WithoutTheEngineItSaysSo(t *testing.T) {
	is := is.New(t)
	_, said, err := run(t, "-dynamodb", "http://127.0.0.1:1")
	is.True(err != nil)
	is.True(strings.Contains(said, `quickstart: dynamo: create table "quickstart_session"`))
}

package main

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/integration/engine"
)

func TestRun_WithoutAnEngineSaysHowToStartOne(t *testing.T) {
	is := is.New(t)
	var out bytes.Buffer
	is.NoErr(run(t.Context(), nil, &out))
	is.Equal(out.String(), howToStart)
	is.True(run(t.Context(), []string{"-nosuch"}, io.Discard) != nil)
}

func TestRun_AnEngineThatIsNotThere(t *testing.T) {
	err := run(t.Context(), []string{"-dynamodb", "http://127.0.0.1:1"}, io.Discard)
	is.New(t).True(strings.Contains(err.Error(), "is an engine running at http://127.0.0.1:1?"))
}

func TestRun_WalksOnAnEngine(t *testing.T) {
	var out bytes.Buffer
	is.New(t).NoErr(run(t.Context(), []string{"-dynamodb", engine.Endpoint(t)}, &out))
	checkWalk(t, out.String())
}

package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/integration/engine"
)

func TestGreetingSaysWhatToTry(t *testing.T) {
	is := is.New(t)
	text := greeting(&engine.Engine{URL: "http://127.0.0.1:8000", Source: "java"})
	is.True(strings.Contains(text, "go run ./examples/quickstart -dynamodb http://127.0.0.1:8000\n"))
	is.True(strings.Contains(text, "DYNAMODB_ENDPOINT=http://127.0.0.1:8000 go test ./...\n"))
}

// running returns the URL of something that answers as an engine does, and that is found.
func running(t *testing.T) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"TableNames":[]}`))
	}))
	t.Cleanup(server.Close)
	t.Setenv("DYNAMODB_ENDPOINT", server.URL)
	return server.URL
}

func TestServeUntilInterrupted(t *testing.T) {
	is := is.New(t)
	server := running(t)
	ctx, interrupt := context.WithCancel(t.Context())
	out, in := io.Pipe()
	served := make(chan error, 1)
	go func() { served <- serve(ctx, in, 0, nil); _ = in.Close() }()
	said := make([]byte, 1024)
	for !strings.Contains(string(said), server) {
		_, err := out.Read(said)
		is.NoErr(err) // it printed the engine's URL
	}
	interrupt()
	is.NoErr(<-served) // an interrupt is not an error
}

func TestServeForACommand(t *testing.T) {
	is := is.New(t)
	server := running(t)
	var out strings.Builder
	is.NoErr(serve(t.Context(), &out, 0, []string{"sh", "-c", "echo at $DYNAMODB_ENDPOINT"}))
	is.True(strings.Contains(out.String(), "at "+server+"\n"))

	var exit *exec.ExitError
	is.True(errors.As(serve(t.Context(), io.Discard, 0, []string{"sh", "-c", "exit 3"}), &exit))
	is.Equal(exit.ExitCode(), 3)
}

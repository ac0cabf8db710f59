package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
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

func TestServeUntilInterrupted(t *testing.T) {
	is := is.New(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"TableNames":[]}`))
	}))
	defer server.Close()
	t.Setenv("DYNAMODB_ENDPOINT", server.URL)

	ctx, interrupt := context.WithCancel(t.Context())
	out, in := io.Pipe()
	served := make(chan error, 1)
	go func() { served <- serve(ctx, in, 0); _ = in.Close() }()
	said := make([]byte, 1024)
	for !strings.Contains(string(said), server.URL) {
		_, err := out.Read(said)
		is.NoErr(err) // it printed the engine's URL
	}
	interrupt()
	is.NoErr(<-served) // an interrupt is not an error
}

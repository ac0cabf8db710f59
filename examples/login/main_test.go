package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/matryer/is"
)

func TestRun_ServesUntilItIsStopped(t *testing.T) {
	is := is.New(t)
	ctx, stop := context.WithCancel(t.Context())
	r, w := io.Pipe()
	done := make(chan error)
	go func() { done <- run(ctx, []string{"-addr", "localhost:0"}, w) }()
	url, err := bufio.NewReader(r).ReadString('\n')
	is.NoErr(err)
	go func() { _, _ = io.Copy(io.Discard, r) }()
	response, err := http.Get(strings.TrimSpace(url))
	is.NoErr(err)
	is.NoErr(response.Body.Close())
	is.Equal(response.StatusCode, http.StatusOK)
	stop()
	is.NoErr(<-done)
}

func TestRun_RefusesWhatItDoesNotKnow(t *testing.T) {
	is := is.New(t)
	is.True(run(t.Context(), []string{"-nosuch"}, io.Discard) != nil)
	is.True(run(t.Context(), []string{"-addr", "nowhere:x"}, io.Discard) != nil)
	is.True(run(t.Context(), []string{"-dynamodb", "http://127.0.0.1:1"}, io.Discard) != nil)
}

package engine

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/matryer/is"
)

// answering is an engine that refuses its first requests, as one that is still starting does.
func answering(t *testing.T, refusals int32) *httptest.Server {
	t.Helper()
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) <= refusals || r.Header.Get("X-Amz-Target") != "DynamoDB_20120810.ListTables" {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_, _ = w.Write([]byte(`{"TableNames":[]}`))
	}))
	t.Cleanup(server.Close)
	return server
}

func TestAwaitAsksUntilItAnswers(t *testing.T) {
	is := is.New(t)
	is.NoErr(await(t.Context(), answering(t, 2).URL, nil)) // two refusals are not the end
}

func TestAwaitEndsWithTheProcess(t *testing.T) {
	is := is.New(t)
	gone := make(chan struct{})
	close(gone)
	err := await(t.Context(), "http://127.0.0.1:1", gone)
	is.True(errors.Is(err, errGone)) // nobody waits a minute for a dead process
}

func TestAwaitGivesUp(t *testing.T) {
	is := is.New(t)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	err := await(ctx, "http://127.0.0.1:1", nil)
	is.True(errors.Is(err, context.DeadlineExceeded))
	is.True(strings.Contains(err.Error(), "http://127.0.0.1:1 does not answer")) // the error says who
	is.True(strings.Contains(err.Error(), "refused"))                            // and why
}

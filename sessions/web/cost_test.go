package web_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/memstore"
	"github.com/dynasession/dynasession/sessions/web"
)

// The allocations of a request in addition to its handler's.
func TestWhatARequestAllocates(t *testing.T) {
	is := is.New(t)
	m, err := sessions.New[int](memstore.New(nil), nil)
	is.NoErr(err)
	sess, err := web.New(m, nil)
	is.NoErr(err)
	bare := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello")) })
	asks := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = sess.Session(r.Context())
		_, _ = w.Write([]byte("hello"))
	})
	allocs := func(h http.Handler) float64 {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		return testing.AllocsPerRun(100, func() { h.ServeHTTP(httptest.NewRecorder(), r) })
	}
	base := allocs(bare)
	is.True(allocs(sess.Handler(bare))-base <= 3)  // one that doesn't ask for the session
	is.True(allocs(sess.Handler(asks))-base <= 12) // an anonymous visitor's that does
}

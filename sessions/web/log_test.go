package web_test

import (
	"bytes"
	"context"
	"log"
	"net/http"
	"strings"
	"testing"

	"github.com/matryer/is"
)

// logged is what a server's ErrorLog has got.
type logged struct {
	bytes.Buffer
	server *http.Server
}

func logs(t *testing.T) *logged {
	t.Helper()
	l := &logged{}
	l.server = &http.Server{ErrorLog: log.New(&l.Buffer, "", 0)}
	return l
}

// with returns r as the server would hand it on.
func (l *logged) with(r *http.Request) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), http.ServerContextKey, l.server))
}

func TestLog_WithoutAServersLogIsThePackageLogs(t *testing.T) {
	is := is.New(t)
	var out bytes.Buffer
	before := log.Writer()
	log.SetOutput(&out)
	t.Cleanup(func() { log.SetOutput(before) })
	s := newSite(t, nil)
	s.get(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		s.session(t, r).Data.Visits++
	}, s.stored(t, visitor{}))
	is.True(strings.Contains(out.String(), "web: GET /: web: the answer has begun"))
}

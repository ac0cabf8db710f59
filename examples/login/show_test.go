package main

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions/memstore"
)

func readAll(response *http.Response) string {
	b, err := io.ReadAll(response.Body)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func TestShow_PagesAreWholeAndSafe(t *testing.T) {
	is := is.New(t)
	app, err := newApp(memstore.New(nil), 0, slog.New(slog.DiscardHandler))
	is.NoErr(err)
	w := httptest.NewRecorder()
	app.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/login", nil))
	is.True(strings.HasSuffix(strings.TrimSpace(w.Body.String()), "</html>"))
	is.Equal(w.Header().Get("Cache-Control"), "no-store")
	is.True(strings.Contains(w.Header().Get("Content-Security-Policy"), "frame-ancestors 'none'"))
	set := strings.Join(w.Header().Values("Set-Cookie"), "")
	is.Equal(strings.Count(set, "__Host-id="), 0) // no session cookie either
}

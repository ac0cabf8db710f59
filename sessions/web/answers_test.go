package web_test

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"strings"
	"testing"

	"github.com/matryer/is"
)

// With any method, protocol and way to respond, the final header has one cookie, an interim one has
// none, and earlier changes of the handler are stored.
func TestAnswers_OneCookieInTheFinalHeader(t *testing.T) {
	s := newSite(t, nil)
	ways := map[string]struct {
		status int
		answer func(w http.ResponseWriter, r *http.Request)
	}{
		"nothing":        {http.StatusOK, func(http.ResponseWriter, *http.Request) {}},
		"201":            {http.StatusCreated, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusCreated) }},
		"204":            {http.StatusNoContent, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }},
		"304":            {http.StatusNotModified, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) }},
		"404":            {http.StatusNotFound, http.NotFound},
		"503 of its own": {http.StatusServiceUnavailable, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }},
		"a redirect":     {http.StatusSeeOther, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/next", http.StatusSeeOther) }},
		"a body":         {http.StatusOK, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello")) }},
		"an empty body":  {http.StatusOK, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(nil) }},
		"a text":         {http.StatusOK, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }},
		"a file":         {http.StatusOK, func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, "doc.go") }},
		"a copy": {http.StatusOK, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.Copy(w, struct{ io.Reader }{strings.NewReader("hello")})
		}},
		"two statuses":    {http.StatusAccepted, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(202); w.WriteHeader(200) }},
		"two interim":     {http.StatusOK, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(103); w.WriteHeader(103) }},
		"interim and 204": {http.StatusNoContent, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(102); w.WriteHeader(204) }},
		"interim, events": {http.StatusOK, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(103)
			_ = http.NewResponseController(w).Flush()
			_, _ = w.Write([]byte("data: x\n\n"))
			_ = http.NewResponseController(w).Flush()
		}},
		"a trailer": {http.StatusOK, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Trailer", "X-Sum")
			_, _ = w.Write([]byte("hello"))
			w.Header().Set("X-Sum", "7")
		}},
	}
	handler := s.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := r.URL.Query().Get("way")
		s.session(t, r).Data = visitor{Name: name, Visits: 7}
		ways[name].answer(w, r)
	}))
	for _, protocol := range []string{"HTTP/1.1", "HTTP/2.0"} {
		server := httptest.NewUnstartedServer(handler)
		server.EnableHTTP2 = protocol == "HTTP/2.0"
		server.Config.ErrorLog = log.New(io.Discard, "", 0)
		server.StartTLS()
		t.Cleanup(server.Close)
		client := server.Client()
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		for name, way := range ways {
			for _, method := range []string{
				http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions,
			} {
				t.Run(protocol+" "+method+" "+name, func(t *testing.T) {
					is := is.New(t)
					ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{
						Got1xxResponse: func(_ int, h textproto.MIMEHeader) error {
							is.Equal(h.Get("Set-Cookie"), "")
							return nil
						},
					})
					r, err := http.NewRequestWithContext(ctx, method, server.URL+"/?way="+url.QueryEscape(name), nil)
					is.NoErr(err)
					response, err := client.Do(r)
					is.NoErr(err)
					_, err = io.Copy(io.Discard, response.Body)
					is.NoErr(err)
					is.NoErr(response.Body.Close())
					is.Equal(response.Proto, protocol)
					is.Equal(response.StatusCode, way.status)
					is.Equal(len(response.Header["Set-Cookie"]), 1)
					is.Equal(response.Header.Get("Cache-Control"), "no-store")
					is.Equal(response.Header.Get("Vary"), "Cookie")
					is.Equal(s.data(t, response.Cookies()[0].Value), visitor{Name: name, Visits: 7})
				})
			}
		}
	}
}

// A 101 that a handler writes itself, as some do before they hijack, is the last moment to save.
func TestAnswers_ASwitchOfProtocolsIsTheAnswer(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	id := s.stored(t, visitor{})
	s.get(func(w http.ResponseWriter, r *http.Request) {
		s.session(t, r).Data.Visits = 7
		w.WriteHeader(http.StatusSwitchingProtocols)
		is.Equal(s.store.took(), "Load Replace")
	}, id)
}

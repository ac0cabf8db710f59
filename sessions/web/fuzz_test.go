package web_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// With any Cookie header, the session is the client's or a new one, at most four IDs are looked up,
// and the response's cookie is one that browsers accept.
func FuzzCookies(f *testing.F) {
	s := newSite(f, nil)
	id := s.stored(f, visitor{Name: "mine"})
	for _, seed := range []string{"", "__Host-id=" + id, "__Host-id=\"" + id + "\"", "a=b; __Host-id=" + id + "; __Host-id=x", "__host-id=" + id, ";;=,\x00", "__Host-id"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		r := httptest.NewRequest(http.MethodGet, "https://site.test/", nil)
		r.Header["Cookie"] = []string{header}
		w := httptest.NewRecorder()
		s.store.took()
		s.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			got, err := s.Session(r.Context())
			if err != nil {
				t.Fatal(err)
			}
			if got.Data.Name == "mine" && !strings.Contains(header, id) {
				t.Error("a session of somebody else's")
			}
		})).ServeHTTP(w, r)
		if n := len(strings.Fields(s.store.took())); n > 5 {
			t.Errorf("%d store calls", n)
		}
		lines := w.Header().Values("Set-Cookie")
		if len(lines) > 1 || len(lines) == 1 && lines[0] != "__Host-id=; Path=/; Expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=0; HttpOnly; Secure; SameSite=Lax" {
			t.Errorf("%q", lines)
		}
	})
}

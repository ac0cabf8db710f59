package web_test

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions/web"
)

func TestNew_OfNoManager(t *testing.T) {
	_, err := web.New[visitor](nil, nil)
	is.New(t).Equal(err.Error(), "web: New: manager is nil")
}

func TestTrap_APatternIsSeenByThoseAround(t *testing.T) {
	is := is.New(t)
	a, b := newSite(t, nil), newSite(t, &web.Config{Cookie: web.Cookie{Name: "__Host-b"}})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /users/{id}/{rest...}", func(w http.ResponseWriter, r *http.Request) { is.NoErr(r.ParseForm()) })
	mux.HandleFunc("GET /{$}", func(http.ResponseWriter, *http.Request) { panic("boom") })
	inner := a.Handler(b.Handler(mux))
	r := httptest.NewRequest(http.MethodGet, "/users/7/a/b?x=1", nil)
	inner.ServeHTTP(httptest.NewRecorder(), r)
	is.Equal(r.Pattern, "GET /users/{id}/{rest...}")
	is.Equal(r.PathValue("id"), "7")
	is.Equal(r.PathValue("rest"), "a/b")
	is.Equal(r.Form.Get("x"), "1")

	r = httptest.NewRequest(http.MethodGet, "/", nil)
	func() {
		defer func() { is.Equal(recover(), "boom") }()
		inner.ServeHTTP(httptest.NewRecorder(), r)
	}()
	is.Equal(r.Pattern, "GET /{$}")
	is.Equal(r.Context().Value("none"), nil) // and its context is as it was
}

// upload returns a multipart form whose file is too large to be kept in memory.
func upload(t testing.TB, token string, size int) (*bytes.Buffer, string) {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	if err := form.WriteField(web.TokenField, token); err != nil {
		t.Fatal(err)
	}
	file, err := form.CreateFormFile("file", "large")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Write(make([]byte, size)); err != nil {
		t.Fatal(err)
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	return &body, form.FormDataContentType()
}

func TestTrap_NoTemporaryFileIsLeft(t *testing.T) {
	is := is.New(t)
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	left := func() int {
		files, err := os.ReadDir(folder)
		is.NoErr(err)
		return len(files)
	}
	s := newSite(t, nil)
	user := s.client()
	user.login(t, "u")
	copies := func(h http.Handler) http.Handler { // as routers do
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(w, r.WithContext(r.Context())) })
	}
	parse := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		is.NoErr(r.ParseMultipartForm(1 << 10))
		is.True(left() > 0)
	})
	verify := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		is.NoErr(s.Verify(r))
		is.True(left() > 0)
	})
	for name, h := range map[string]http.Handler{
		"parsed": s.Handler(parse), "verified": s.Handler(verify), "copied around": copies(s.Handler(parse)),
		"copied within, and verified": s.Handler(copies(verify)),
		"with a panic": s.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			parse(w, r)
			panic(http.ErrAbortHandler)
		})),
	} {
		t.Run(name, func(t *testing.T) {
			size := 1 << 20
			if strings.Contains(name, "verified") {
				size = 33 << 20 // Verify keeps 32 MB in memory
			}
			body, kind := upload(t, user.page(t), size)
			r := httptest.NewRequest(http.MethodPost, "/", body)
			r.Header = user.request(http.MethodPost, "").Header
			r.Header.Set("Content-Type", kind)
			func() {
				defer func() { _ = recover() }()
				h.ServeHTTP(httptest.NewRecorder(), r)
			}()
			is.Equal(left(), 0)
		})
	}
}

func TestTrap_TwoMiddlewaresWithOneCookieAreAnErrorThatIsSaid(t *testing.T) {
	for name, configs := range map[string][2]web.Config{
		"cookie": {{}, {}},
		"header": {{Header: "X-Session"}, {Header: "x-session", Cookie: web.Cookie{Name: "__Host-b"}}},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			l := logs(t)
			a, b := newSite(t, &configs[0]), newSite(t, &configs[1])
			w := a.get(b.Handler(b.count(t)).ServeHTTP)
			is.Equal(w.Code, http.StatusInternalServerError)
			is.True(strings.Contains(l.String(), "two Middlewares around one handler"))
			is.Equal(len(w.Result().Cookies()), 0)
		})
	}
}

func TestContext_ShowsNothing(t *testing.T) {
	is := is.New(t)
	s := newSite(t, nil)
	id := s.stored(t, visitor{Name: "private"})
	s.get(func(_ http.ResponseWriter, r *http.Request) {
		s.session(t, r)
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			said := fmt.Sprintf(verb, r.Context())
			is.True(!strings.Contains(said, id) && !strings.Contains(said, "private"))
		}
	}, id)
}

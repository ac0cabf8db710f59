package compare

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/memstore"
	"github.com/dynasession/dynasession/sessions/web"
)

// With chi, the middleware takes one line, and RequireSubject for a group of routes takes another.
func TestChi(t *testing.T) {
	is := is.New(t)
	m, err := sessions.New[profile](memstore.New(nil), nil)
	is.NoErr(err)
	sess, err := web.New(m, nil)
	is.NoErr(err)

	r := chi.NewRouter()
	r.Use(sess.Handler)
	r.Post("/login", func(w http.ResponseWriter, r *http.Request) {
		if err := sess.Authenticate(r.Context(), "user-7"); err != nil {
			http.Error(w, "later, please", web.Status(err))
		}
	})
	r.Group(func(r chi.Router) {
		r.Use(sess.RequireSubject)
		r.Get("/account", func(w http.ResponseWriter, r *http.Request) {
			s, err := sess.Session(r.Context())
			is.NoErr(err)
			_, _ = w.Write([]byte(s.Subject()))
		})
	})

	w := httptest.NewRecorder()
	r.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/account", nil))
	is.Equal(w.Code, http.StatusUnauthorized)

	w = httptest.NewRecorder()
	r.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/login", nil))
	again := httptest.NewRequest(http.MethodGet, "/account", nil)
	again.AddCookie(w.Result().Cookies()[0])
	w = httptest.NewRecorder()
	r.ServeHTTP(w, again)
	is.Equal(w.Body.String(), "user-7")
}

package web_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/memstore"
	"github.com/dynasession/dynasession/sessions/web"
)

// Config.Bound binds sessions to the device on which their users sign in. RequireBound guards
// routes for bound sessions only.
func ExampleMiddleware_RequireBound() {
	m, err := sessions.New[struct{}](memstore.New(nil), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	sess, err := web.New(m, &web.Config{Bound: 10 * time.Minute})
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		if err := sess.Authenticate(r.Context(), "somebody"); err != nil {
			http.Error(w, "Please try again.", web.Status(err))
		}
	})
	mux.Handle("GET /account", sess.RequireSubject(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
	mux.Handle("GET /payouts", sess.RequireBound(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
	handler := sess.Handler(mux)

	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "https://shop.example/login", nil))
	asks, _, _ := strings.Cut(w.Header().Get("Secure-Session-Registration"), ";challenge")
	fmt.Println("the browser is asked to register:", asks)

	for _, path := range []string{"/account", "/payouts"} { // by a browser that doesn't
		r := httptest.NewRequest(http.MethodGet, "https://shop.example"+path, nil)
		r.AddCookie(w.Result().Cookies()[0])
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		fmt.Println(path, w.Code)
	}
	// Output:
	// the browser is asked to register: (ES256 RS256);path="/.dbsc/register"
	// /account 200
	// /payouts 403
}

package main

import (
	"crypto/subtle"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/awslabs/aws-lambda-go-api-proxy/core"

	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/event"
	"github.com/dynasession/dynasession/sessions/web"
)

// visitor is the session data of each visitor, signed in or not.
type visitor struct {
	Count int `json:"count"`
}

// password is the password of every user, since this is an example.
const password = "open sesame"

type app struct {
	sess *web.Middleware[visitor]
}

// newApp returns the application as an ordinary http.Handler. Only device depends on Lambda.
func newApp(store sessions.Store, logger *slog.Logger) (http.Handler, error) {
	m, err := sessions.New(store, &sessions.Config[visitor]{IdleTimeout: time.Hour, Observer: event.Log(logger)})
	if err != nil {
		return nil, err
	}
	sess, err := web.New(m, nil)
	if err != nil {
		return nil, err
	}
	a := &app{sess: sess}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", a.home)
	mux.HandleFunc("POST /count", a.count)
	mux.HandleFunc("POST /login", a.login)
	mux.HandleFunc("POST /logout", a.logout)
	mux.Handle("GET /devices", sess.RequireSubject(http.HandlerFunc(a.devices)))
	return http.NewCrossOriginProtection().Handler(sess.Handler(mux)), nil
}

func (a *app) home(w http.ResponseWriter, r *http.Request) {
	s, err := a.sess.Session(r.Context())
	if err != nil {
		http.Error(w, "later, please", web.Status(err))
		return
	}
	name := s.Subject()
	if name == "" {
		name = "stranger"
	}
	fmt.Fprintf(w, "Hello, %s. You have counted to %d.\n", name, s.Data.Count)
}

func (a *app) count(w http.ResponseWriter, r *http.Request) {
	s, err := a.sess.Session(r.Context())
	if err != nil {
		http.Error(w, "later, please", web.Status(err))
		return
	}
	s.Data.Count++
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (a *app) login(w http.ResponseWriter, r *http.Request) {
	name := r.PostFormValue("name")
	if name == "" || subtle.ConstantTimeCompare([]byte(r.PostFormValue("password")), []byte(password)) != 1 {
		http.Error(w, "wrong name or password", http.StatusUnauthorized)
		return
	}
	s, err := a.sess.Session(r.Context())
	if err == nil {
		s.Device = device(r)
		err = a.sess.Authenticate(r.Context(), name)
	}
	if err != nil {
		http.Error(w, "later, please", web.Status(err))
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (a *app) logout(w http.ResponseWriter, r *http.Request) {
	if err := a.sess.Destroy(r.Context()); err != nil {
		http.Error(w, "later, please", web.Status(err))
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (a *app) devices(w http.ResponseWriter, r *http.Request) {
	infos, err := a.sess.Sessions(r.Context())
	if err != nil {
		http.Error(w, "later, please", web.Status(err))
		return
	}
	for _, i := range infos {
		fmt.Fprintf(w, "%s, %s, current: %t\n", i.Device.Name, i.Device.IP, i.Current)
	}
}

// device returns the device that the user will see in a list of sessions. Its address is the
// event's, which API Gateway and function URLs set; a client could forge a header such as
// X-Forwarded-For.
func device(r *http.Request) sessions.Device {
	d := sessions.Device{Name: r.UserAgent()}
	if event, ok := core.GetAPIGatewayV2ContextFromContext(r.Context()); ok {
		d.IP = event.HTTP.SourceIP
	}
	return d
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/event"
	"github.com/dynasession/dynasession/sessions/otelsessions"
	"github.com/dynasession/dynasession/sessions/web"
)

// visitor is the session data of each visitor.
type visitor struct {
	Count int     `json:"count"`
	Login *signIn `json:"login,omitempty"` // a login that waits for the provider
}

type api struct {
	manager *sessions.Manager[visitor]
	sess    *web.Middleware[visitor]
	oidc    *client
}

// newAPI returns the application over a store. It fetches the provider's keys before it returns.
func newAPI(ctx context.Context, store sessions.Store, p provider, logger *slog.Logger) (http.Handler, error) {
	registry := prometheus.NewRegistry()
	exporter, err := otelprometheus.New(otelprometheus.WithRegisterer(registry))
	if err != nil {
		return nil, err
	}
	meter, err := otelsessions.New(&otelsessions.Config{MeterProvider: sdkmetric.NewMeterProvider(sdkmetric.WithReader(exporter))})
	if err != nil {
		return nil, err
	}
	a := &api{}
	a.manager, err = sessions.New(store, &sessions.Config[visitor]{
		Observer: event.Multi(event.Log(logger), meter), ObserveCapacity: true, IdleTimeout: time.Hour, AbsoluteTimeout: 12 * time.Hour,
	})
	if err != nil {
		return nil, err
	}
	a.sess, err = web.New(a.manager, &web.Config{Cookie: web.Cookie{Name: "__Host-id"}, Header: "Authorization", Error: fail, Logger: logger})
	if err != nil {
		return nil, err
	}
	if a.oidc, err = newClient(ctx, p); err != nil {
		return nil, err
	}

	user := func(h http.HandlerFunc) http.Handler { return a.sess.RequireSubject(h) }
	mux := http.NewServeMux()
	mux.HandleFunc("GET /login", a.login)
	mux.HandleFunc("GET /callback", a.callback)
	mux.HandleFunc("POST /token", a.token)
	mux.Handle("GET /me", user(a.me))
	mux.Handle("POST /count", user(a.count))
	mux.Handle("GET /stream", user(a.stream))
	mux.Handle("GET /sessions", user(a.sessions))
	mux.Handle("DELETE /sessions/{handle}", user(a.endSession))
	mux.Handle("POST /logout", user(a.logout))

	// The routes of the provider and of Prometheus need no session, so they are outside the
	// middleware.
	outer := http.NewServeMux()
	outer.HandleFunc("POST /backchannel-logout", a.backChannelLogout)
	outer.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	outer.Handle("/", http.NewCrossOriginProtection().Handler(a.sess.Handler(mux)))
	return outer, nil
}

func (a *api) me(w http.ResponseWriter, r *http.Request) {
	s, err := a.sess.Session(r.Context())
	if err != nil {
		fail(w, r, err)
		return
	}
	answer(w, http.StatusOK, map[string]any{"subject": s.Subject(), "count": s.Data.Count})
}

// count increments the counter once for each request, even if requests are concurrent.
func (a *api) count(w http.ResponseWriter, r *http.Request) {
	if err := a.sess.Update(r.Context(), func(v *visitor) error { v.Count++; return nil }); err != nil {
		fail(w, r, err)
		return
	}
	a.me(w, r)
}

func (a *api) sessions(w http.ResponseWriter, r *http.Request) {
	infos, err := a.sess.Sessions(r.Context())
	if err != nil {
		fail(w, r, err)
		return
	}
	type one struct {
		Handle  string    `json:"handle"`
		Since   time.Time `json:"since"`
		Current bool      `json:"current"`
	}
	all := []one{}
	for _, i := range infos {
		all = append(all, one{i.Handle, i.Created, i.Current})
	}
	answer(w, http.StatusOK, all)
}

func (a *api) endSession(w http.ResponseWriter, r *http.Request) {
	if err := a.sess.Revoke(r.Context(), r.PathValue("handle")); err != nil {
		fail(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (a *api) logout(w http.ResponseWriter, r *http.Request) {
	if err := a.sess.Destroy(r.Context()); err != nil {
		fail(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// fail writes the status for an error, and only as much of its text as helps the client.
func fail(w http.ResponseWriter, _ *http.Request, err error) {
	status := web.Status(err)
	if errors.Is(err, sessions.ErrNotFound) && status >= http.StatusInternalServerError {
		status = http.StatusNotFound
	}
	answer(w, status, map[string]string{"error": http.StatusText(status)})
}

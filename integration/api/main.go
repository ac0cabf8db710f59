// Api is a JSON API with sessions. Browsers sign in through an OpenID Connect provider and keep a
// cookie; other clients keep a Bearer token. A WebSocket is closed when its session ends. The
// provider ends sessions by back-channel logout, and Prometheus collects metrics.
//
//	cd integration/api && go run . -issuer https://id.example.com -client-id shop -url https://shop.example.com
//
// The client secret is read from the environment variable OIDC_CLIENT_SECRET. docs/oidc.md and
// docs/streams.md explain the code. It is a separate module, so that its dependencies stay out of
// the library's go.mod.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"time"

	"github.com/dynasession/dynasession/dynamo"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/memstore"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "api:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("api", flag.ContinueOnError)
	addr := flags.String("addr", "localhost:8080", "the `address` to listen on, without TLS")
	table := flags.String("table", "", "`name` of the table; without it, sessions are kept in memory")
	p := provider{ClientSecret: os.Getenv("OIDC_CLIENT_SECRET")}
	flags.StringVar(&p.Issuer, "issuer", "", "the `URL` of the OpenID Connect provider")
	flags.StringVar(&p.ClientID, "client-id", "", "this application's `name` at the provider")
	flags.StringVar(&p.URL, "url", "", "the `URL` at which browsers reach this application")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var store sessions.Store = memstore.New(nil)
	if *table != "" {
		var err error
		if store, err = dynamo.Open(ctx, &dynamo.OpenConfig{Table: *table}); err != nil {
			return err
		}
	}
	handler, err := newAPI(ctx, store, p, slog.Default())
	if err != nil {
		return err
	}
	server := &http.Server{Addr: *addr, Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	defer context.AfterFunc(ctx, func() { server.Close() })()
	if err := server.ListenAndServe(); err != http.ErrServerClosed {
		return err
	}
	return nil
}

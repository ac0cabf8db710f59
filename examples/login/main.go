// Login is a small web application with sessions: sign in, a counter, sign out.
//
//	go run ./examples/login                                  # sessions in memory
//	go run ./examples/login -dynamodb http://127.0.0.1:8000  # on a DynamoDB engine, whose table it creates
//
// It speaks plain HTTP on this machine, where browsers take Secure cookies all the same. In production it stands behind TLS.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/dynasession/dynasession/dynamo"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/memstore"
)

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "login:", err)
		os.Exit(1)
	}
}

// run serves until it fails or ctx is done.
func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("login", flag.ContinueOnError)
	flags.SetOutput(out)
	addr := flags.String("addr", "localhost:8080", "where to listen")
	engine := flags.String("dynamodb", "", "the `URL` of a DynamoDB engine; without it, sessions are kept in memory")
	if err := flags.Parse(args); err != nil {
		return err
	}
	store, err := open(ctx, *engine)
	if err != nil {
		return err
	}
	handler, err := newApp(store, slog.New(slog.NewTextHandler(out, nil)))
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "http://localhost:%d\nany name, and the password %q\n", listener.Addr().(*net.TCPAddr).Port, password)
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if err := server.Serve(listener); err != http.ErrServerClosed {
		return err
	}
	return nil
}

// table is created on the engine if it is not there yet.
const table = "login_session"

func open(ctx context.Context, url string) (sessions.Store, error) {
	if url == "" {
		return memstore.New(nil), nil
	}
	client, err := dynamo.NewClient(ctx, &dynamo.OpenConfig{Endpoint: url})
	if err != nil {
		return nil, err
	}
	if err := dynamo.CreateTable(ctx, client, table); err != nil {
		return nil, err
	}
	return dynamo.NewStore(client, &dynamo.Config{Table: table})
}

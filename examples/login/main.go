// Login is a small web application with sessions: sign in, a counter, sign out.
//
//	go run ./examples/login                                  # sessions in memory
//	go run ./examples/login -dynamodb http://127.0.0.1:8000  # on a DynamoDB engine, whose table it creates
//	go run ./examples/login -tls                             # over TLS, with sessions bound to their device
//
// By default it listens on localhost only, with plain HTTP: most browsers accept Secure cookies
// there nevertheless. In production, put it behind TLS.
//
// With -tls it makes a self-signed certificate, and browsers will warn of it. Chromium binds
// sessions to a device only if it trusts the certificate: start it with the flag that the program
// prints. See docs/bound.md for further flags on a machine without a TPM.
package main

import (
	"context"
	"crypto/tls"
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
	addr := flags.String("addr", "localhost:8080", "the `address` to listen on")
	overTLS := flags.Bool("tls", false, "serve HTTPS with a self-signed certificate, and bind sessions to their device")
	engine := flags.String("dynamodb", "", "the `URL` of a DynamoDB engine; without it, sessions are kept in memory")
	if err := flags.Parse(args); err != nil {
		return err
	}
	store, err := open(ctx, *engine)
	if err != nil {
		return err
	}
	bound := time.Duration(0)
	if *overTLS {
		bound = 10 * time.Minute
	}
	handler, err := newApp(store, bound, slog.New(slog.NewTextHandler(out, nil)))
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	port := listener.Addr().(*net.TCPAddr).Port
	if *overTLS {
		certificate, hash, err := selfSigned(time.Now())
		if err != nil {
			return err
		}
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}}
		fmt.Fprintf(out, "https://localhost:%d\nchromium --ignore-certificate-errors-spki-list=%s\n", port, hash)
	} else {
		fmt.Fprintf(out, "http://localhost:%d\n", port)
	}
	fmt.Fprintf(out, "any name, and the password %q\n", password)
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if *overTLS {
		err = server.ServeTLS(listener, "", "")
	} else {
		err = server.Serve(listener)
	}
	if err != http.ErrServerClosed {
		return err
	}
	return nil
}

// table is the name of the table. The program creates it if it does not exist.
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

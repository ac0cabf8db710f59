// Quickstart shows the life of a session, step by step.
//
//	go run ./examples/quickstart                                  # in memory: nothing else is needed
//	go run ./examples/quickstart -dynamodb http://127.0.0.1:8000  # the same on a DynamoDB engine
//	go run ./examples/quickstart -dynamodb                        # tells how to start one
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout); err != nil {
		if !errors.Is(err, errUsage) {
			fmt.Fprintln(os.Stderr, "quickstart:", err)
		}
		os.Exit(1)
	}
}

// run is the program: it opens the store that the arguments ask for and tells the story on it.
func run(ctx context.Context, args []string, out io.Writer) error {
	where, err := parse(args, out)
	if err != nil {
		return err
	}
	if where.asked && where.url == "" {
		fmt.Fprint(out, howToStart)
		return nil
	}
	store, err := open(ctx, where.url)
	if err != nil {
		return err
	}
	return tell(ctx, store, &narrator{out: out})
}

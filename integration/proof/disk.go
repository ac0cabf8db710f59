package proof

import (
	"context"
	"fmt"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/dynasession/dynasession/integration/engine"
)

// Disk is a DynamoDB Local that keeps its tables on disk and can be killed.
type Disk struct {
	URL string

	folder, data string
	port         int
	alive        io.Closer
	gone         chan struct{}
}

// NewDisk starts an engine with its tables in a folder. It is killed at the latest when this
// process ends.
func NewDisk(ctx context.Context, data string) (*Disk, error) {
	jar, err := engine.Install(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", engine.ErrNone, err)
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	d := &Disk{folder: filepath.Dir(jar), data: data, port: l.Addr().(*net.TCPAddr).Port}
	d.URL = fmt.Sprintf("http://127.0.0.1:%d", d.port)
	_ = l.Close()
	return d, d.Start(ctx)
}

// mortal is a shell script that runs a command and kills it when standard input ends.
const mortal = `
trap '' INT
exec 3<&0
"$@" 3<&- >/dev/null 2>&1 &
command=$!
{ read -r _ <&3; kill -9 "$command"; } >/dev/null 2>&1 &
wait "$command"
`

// Start starts the engine again at the same address, and waits until it answers.
func (d *Disk) Start(ctx context.Context) error {
	cmd := exec.Command("sh", "-c", mortal, "sh", "java", "-Xmx400m", "-XX:+UseSerialGC", "-Djava.library.path=./DynamoDBLocal_lib",
		"-jar", "DynamoDBLocal.jar", "-dbPath", d.data, "-sharedDb", "-disableTelemetry", "-port", strconv.Itoa(d.port))
	cmd.Dir = d.folder
	alive, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	d.alive, d.gone = alive, make(chan struct{})
	go func() {
		defer close(d.gone)
		_ = cmd.Wait() // an error, since it was killed
	}()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for tick := time.NewTicker(50 * time.Millisecond); ; {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", d.URL[len("http://"):])
		if err == nil {
			return conn.Close()
		}
		select {
		case <-tick.C:
		case <-d.gone:
			return fmt.Errorf("the engine has ended: %w", err)
		case <-ctx.Done():
			return fmt.Errorf("the engine does not answer: %w", err)
		}
	}
}

// Kill sends SIGKILL to the engine, and waits until it is gone.
func (d *Disk) Kill() {
	_ = d.alive.Close()
	<-d.gone
}

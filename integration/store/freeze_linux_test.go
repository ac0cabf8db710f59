package store_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/dynamo"
	"github.com/dynasession/dynasession/integration/engine"
	"github.com/dynasession/dynasession/sessions/driver"
)

// proxy is a proxy between a process and the engine that drops all its connections on request.
type proxy struct {
	net.Listener
	to string

	mu       sync.Mutex
	accepted int
	open     map[*tunnel]bool
}

// tunnel is a connection through a proxy.
type tunnel struct{ near, far *net.TCPConn }

func newProxy(t *testing.T, to string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{Listener: l, to: to, open: map[*tunnel]bool{}}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			p.mu.Lock()
			p.accepted++
			p.mu.Unlock()
			serving.Go(func() { p.serve(near.(*net.TCPConn)) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		p.forget("close")
		serving.Wait()
	})
	return p
}

func (p *proxy) serve(near *net.TCPConn) {
	far, err := net.Dial("tcp", p.to)
	if err != nil {
		_ = near.Close()
		return
	}
	t := &tunnel{near, far.(*net.TCPConn)}
	p.mu.Lock()
	p.open[t] = true
	p.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { _, _ = io.Copy(t.far, near) })
	both.Go(func() { _, _ = io.Copy(near, t.far) })
	both.Wait()
}

// settle waits until no more connections arrive, and returns the number of open ones.
func (p *proxy) settle() int {
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	before := -1
	for range look.C {
		p.mu.Lock()
		accepted, open := p.accepted, len(p.open)
		p.mu.Unlock()
		if accepted == open && accepted == before {
			return open
		}
		before = accepted
	}
	return before
}

// forget ends all connections: silently, by a reset, or by closing them.
func (p *proxy) forget(how string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for t := range p.open {
		_ = t.far.Close()
		switch how {
		case "drop": // incoming data is acknowledged but dropped
			_ = t.near.SetReadDeadline(time.Now())
		case "reset":
			_ = t.near.SetLinger(0)
			_ = t.near.Close()
		case "close":
			_ = t.near.Close()
		}
		if how != "drop" {
			delete(p.open, t)
		}
	}
}

// called is the result of a call of the frozen process.
type called struct {
	Name string
	Took time.Duration
	Dead int // number of dead connections that the call met
	Err  string
}

// frozenTimeout is the timeout of calls of the frozen process: twice the default, since the machine
// may be busy with tests.
const frozenTimeout = 2 * dynamo.DefaultTimeout

const frozenEnv = "DYNASESSION_TEST_FROZEN"

// TestFrozenProcess is the code of the frozen process. It opens at least eight connections, prints
// READY, waits for a line of input, and then makes one call after another.
func TestFrozenProcess(t *testing.T) {
	var c struct{ Endpoint, Table, First string }
	given := os.Getenv(frozenEnv)
	if given == "" {
		return // an ordinary test run
	}
	if err := json.Unmarshal([]byte(given), &c); err != nil {
		t.Fatal(err)
	}
	store, err := dynamo.Open(t.Context(), &dynamo.OpenConfig{Endpoint: c.Endpoint, Table: c.Table, Timeout: frozenTimeout})
	if err != nil {
		t.Fatal(err)
	}
	last := record("before")
	if err := store.Create(t.Context(), last); err != nil {
		t.Fatal(err)
	}
	calls := frozenCalls(store, last)
	var wg sync.WaitGroup
	begin := make(chan struct{})
	for range 64 { // enough to open eight connections even on a slow machine
		wg.Go(func() {
			<-begin
			for range 5 {
				_, _ = store.Load(t.Context(), "none")
			}
		})
	}
	close(begin)
	wg.Wait()
	fmt.Println("READY")
	if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	for _, name := range append([]string{c.First}, "Create", "Create", "Load", "Create", "Replace", "Touch", "End", "ChangeRoster", "LoadAll") {
		var trace driver.Trace
		begun := time.Now()
		err := calls[name](driver.WithTrace(t.Context(), &trace))
		done := called{Name: name, Took: time.Since(begun), Dead: trace.DeadConnections}
		if err != nil {
			done.Err = err.Error()
		}
		line, _ := json.Marshal(done)
		fmt.Printf("CALLED %s\n", line)
	}
}

func frozenCalls(store *dynamo.Store, last driver.Record) map[string]func(context.Context) error {
	n := 0
	return map[string]func(context.Context) error{
		"Create": func(ctx context.Context) error {
			n++
			last = record(fmt.Sprint("created-", n))
			return store.Create(ctx, last)
		},
		"Load": func(ctx context.Context) error {
			_, err := store.Load(ctx, "none")
			if errors.Is(err, driver.ErrNotFound) {
				return nil
			}
			return err
		},
		"LoadAll": func(ctx context.Context) error { _, err := store.LoadAll(ctx, []string{"none", "never"}); return err },
		"Replace": func(ctx context.Context) error {
			was := last.Rev
			last.Rev += "+"
			return store.Replace(ctx, last, was)
		},
		"Touch": func(ctx context.Context) error {
			return errIfNotFound(store.Touch(ctx, "none", time.Now(), time.Now().Add(time.Hour)))
		},
		"End": func(ctx context.Context) error {
			_, err := store.End(ctx, driver.End{Key: fmt.Sprint("ended-", n), Marker: ending("ours")})
			return err
		},
		"ChangeRoster": func(ctx context.Context) error {
			_, err := store.ChangeRoster(ctx, driver.RosterChange{Key: "subject:x", Rev: "r", Enter: "k", Deadline: day(1), Expires: day(1)})
			return err
		},
	}
}

func errIfNotFound(err error) error {
	if errors.Is(err, driver.ErrNotFound) {
		return nil
	}
	return err
}

// The idle connections of a frozen process die. When the process resumes, all its calls succeed,
// and at most the first one is slow.
func TestFreeze_IdleConnectionsHaveDied(t *testing.T) {
	endpoint, err := url.Parse(engine.Endpoint(t))
	is.New(t).NoErr(err)
	for _, how := range []string{"drop", "reset", "close"} {
		for _, first := range []string{"Create", "Load", "LoadAll", "Replace", "Touch", "End", "ChangeRoster"} {
			t.Run(how+", then "+first, func(t *testing.T) {
				t.Parallel()
				is := is.New(t)
				p := newProxy(t, endpoint.Host)
				given, err := json.Marshal(map[string]string{"Endpoint": "http://" + p.Addr().String(), "Table": engine.NewTable(t), "First": first})
				is.NoErr(err)
				cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestFrozenProcess$")
				cmd.Env = append(os.Environ(), frozenEnv+"="+string(given))
				cmd.Stderr = os.Stderr
				stdin, err := cmd.StdinPipe()
				is.NoErr(err)
				stdout, err := cmd.StdoutPipe()
				is.NoErr(err)
				is.NoErr(cmd.Start())
				said := bufio.NewScanner(stdout)
				for said.Scan() && said.Text() != "READY" {
				}

				is.NoErr(cmd.Process.Signal(syscall.SIGSTOP))
				awaitStopped(t, cmd.Process.Pid)
				is.True(p.settle() >= 8)
				p.forget(how)
				_, err = io.WriteString(stdin, "go on\n")
				is.NoErr(err)
				is.NoErr(cmd.Process.Signal(syscall.SIGCONT))

				n := 0
				for said.Scan() {
					line, ok := strings.CutPrefix(said.Text(), "CALLED ")
					if !ok {
						continue
					}
					var c called
					is.NoErr(json.Unmarshal([]byte(line), &c))
					t.Logf("%s took %v %s", c.Name, c.Took.Round(time.Millisecond), c.Err)
					is.Equal(c.Err, "") // every call succeeds
					switch {
					case how == "drop" && n == 0:
						is.Equal(c.Dead, 1) // only the first call meets a dead connection
						is.True(c.Took >= frozenTimeout/2 && c.Took < frozenTimeout)
					default:
						is.Equal(c.Dead, 0)
					}
					n++
				}
				is.NoErr(cmd.Wait())
				is.Equal(n, 10)
			})
		}
	}
}

// awaitStopped waits until the system has stopped a process.
func awaitStopped(t *testing.T, pid int) {
	t.Helper()
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for range look.C {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			t.Fatal(err)
		}
		_, state, _ := strings.Cut(string(stat), ") ")
		if strings.HasPrefix(state, "T") {
			return
		}
	}
}

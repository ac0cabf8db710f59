package engine

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"
)

// TestMain lets the test binary play the other processes, too: an engine that starts quickly, and a test binary that has
// started one.
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
	fmt.Println(strings.Replace(err.Error(), "address", "Address", 1)) // in Java's words
	os.Exit(1)
}

// playParent starts an engine, tells where, and stays.
func playParent() {
	e, err := played(os.Args[0]).start(context.Background(), 0)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(e.URL)
	<-e.Gone()
}

// played is the plan of an engine that binary plays.
func played(binary string) plan {
	return plan{source: "played", command: func(port int) []string {
		return []string{"env", "ENGINE_TEST_ROLE=engine", binary, fmt.Sprint(port)}
	}}
}

// eventually fails the test unless ok comes true soon.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	late := time.After(20 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatal("never came true: " + what)
		}
	}
}

func TestEndLeavesNothingRunning(t *testing.T) {
	is := is.New(t)
	e, err := played(os.Args[0]).start(t.Context(), 0)
	is.NoErr(err)
	is.NoErr(ping(t.Context(), e.URL))
	e.Close()
	is.True(ping(t.Context(), e.URL) != nil) // nobody answers there any more
	e.Close()                                // once more changes nothing
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
	is.NoErr(ping(t.Context(), url)) // the parent's engine runs

	is.NoErr(parent.Process.Kill()) // no chance to clean up
	_ = parent.Wait()
	eventually(t, "the engine ends with its parent", func() bool { return ping(t.Context(), url) != nil })
}

func TestGoneWhenTheCommandEndsByItself(t *testing.T) {
	is := is.New(t)
	p, err := launch(t.TempDir(), []string{"sh", "-c", "echo out; echo err >&2; exit 3"})
	is.NoErr(err)
	<-p.gone
	is.Equal(p.output.String(), "out\nerr\n") // all it printed, on both streams
	p.end()                                   // ending what is gone does not hang
}

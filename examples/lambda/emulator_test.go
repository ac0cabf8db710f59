package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"
)

// AWS's own emulator of the Lambda Runtime API, at a fixed version. It is not a dependency in
// go.mod.
const (
	emulatorModule  = "github.com/aws/aws-lambda-runtime-interface-emulator/cmd/aws-lambda-rie"
	emulatorVersion = "v0.0.0-20261030222936-bef5c4ba774d"
)

// emulator builds the emulator once, into the user's cache folder, and returns its path.
var emulator = sync.OnceValues(func() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	folder := filepath.Join(cache, "dynasession", "aws-lambda-rie", emulatorVersion)
	binary := filepath.Join(folder, "aws-lambda-rie")
	if _, err := os.Stat(binary); err == nil {
		return binary, nil
	}
	if err := os.MkdirAll(filepath.Dir(folder), 0o755); err != nil {
		return "", err
	}
	fresh, err := os.MkdirTemp(filepath.Dir(folder), "building-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(fresh)
	build := exec.Command("go", "install", emulatorModule+"@"+emulatorVersion)
	build.Dir = fresh // outside of any module
	build.Env = append(os.Environ(), "GOBIN="+fresh, "GOFLAGS=", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	if err := os.Rename(fresh, folder); err != nil && !os.IsExist(err) {
		if _, there := os.Stat(binary); there != nil { // no other process has just built it
			return "", err
		}
	}
	return binary, nil
})

// A function is this example, built and run by the emulator as Lambda would run it.
type function struct {
	t      testing.TB
	url    string
	binary string
	log    *output
}

// output collects a process's output, to be logged if the test fails.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// start builds and starts the function with a table at an endpoint.
func start(t testing.TB, table, endpoint string) *function {
	t.Helper()
	rie, err := emulator()
	if err != nil {
		if required, _ := strconv.ParseBool(os.Getenv("CI")); required {
			t.Fatalf("the emulator of Lambda is required: %v", err)
		}
		t.Skipf("SKIPPED, needs AWS's emulator of Lambda, which the Go module proxy has: %v", err)
	}
	bootstrap := filepath.Join(t.TempDir(), "bootstrap")
	build := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-tags", "lambda.norpc", "-o", bootstrap, ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	address, runtime := free(t), free(t)
	f := &function{t: t, url: "http://" + address + "/2015-03-31/functions/function/invocations", binary: bootstrap, log: &output{}}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, rie, "--runtime-interface-emulator-address", address, "--runtime-api-address", runtime, bootstrap)
	cmd.Env = append(os.Environ(), "TABLE="+table, "AWS_ENDPOINT_URL_DYNAMODB="+endpoint, "AWS_REGION=us-east-1",
		"AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local", "AWS_LAMBDA_FUNCTION_TIMEOUT=30")
	cmd.Stdout, cmd.Stderr = f.log, f.log
	group(cmd)
	if err := cmd.Start(); err != nil {
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		end(cmd)
		cancel()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("the function wrote:\n%s", f.log)
		}
	})
	f.wait(address)
	return f
}

// wait waits until the emulator accepts events.
func (f *function) wait(address string) {
	f.t.Helper()
	deadline, tick := time.After(20*time.Second), time.NewTicker(20*time.Millisecond)
	defer tick.Stop()
	for {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			f.t.Fatalf("the emulator does not listen:\n%s", f.log)
		}
	}
}

// invoke sends an event, and decodes the function's response into out.
func (f *function) invoke(event, out any) {
	f.t.Helper()
	body, err := json.Marshal(event)
	if err != nil {
		f.t.Fatal(err)
	}
	answer, err := http.Post(f.url, "application/json", bytes.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	if err := json.Unmarshal(text, out); err != nil {
		f.t.Fatalf("%v: %s", err, text)
	}
}

// free returns an unused address on this machine.
func free(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

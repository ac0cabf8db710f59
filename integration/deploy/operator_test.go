package deploy_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/dynasession/dynasession/integration/engine"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/pysession"
)

// command builds the command dynasession once, and returns its path.
var command = sync.OnceValues(func() (string, error) {
	folder, err := os.MkdirTemp("", "dynasession-")
	if err != nil {
		return "", err
	}
	binary := filepath.Join(folder, "dynasession")
	build := exec.Command("go", "build", "-buildvcs=false", "-o", binary, "./cmd/dynasession")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return binary, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if binary, err := command(); err == nil {
		os.RemoveAll(filepath.Dir(binary))
	}
	os.Exit(code)
}

// between starts a server that forwards requests to the engine through the recorder, and returns
// its URL.
func (r *recorder) between(t *testing.T) string {
	t.Helper()
	r.inner = http.DefaultClient
	target := engine.Endpoint(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, in *http.Request) {
		out, err := http.NewRequestWithContext(in.Context(), in.Method, target+in.URL.Path, in.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		out.Header = in.Header.Clone()
		answer, err := r.Do(out)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer answer.Body.Close()
		for name, values := range answer.Header {
			w.Header()[name] = values
		}
		w.WriteHeader(answer.StatusCode)
		_, _ = io.Copy(w, answer.Body)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// operatorLife runs every command that an operator may run.
func operatorLife(t *testing.T, seen *recorder, table string) error {
	t.Helper()
	m, err := sessions.New[data](engine.Store(t, table), nil)
	if err != nil {
		return err
	}
	var handles []string
	for _, subject := range []string{"", "ada", "ada", "ada"} {
		s, err := m.CreateAndSave(t.Context(), data{})
		if err == nil && subject != "" {
			err = m.Authenticate(t.Context(), s, subject)
		}
		if err != nil {
			return err
		}
		handles = append(handles, s.Handle())
	}
	shared, err := sessions.New(engine.Store(t, table), pysession.Config[data](pysession.Options{}))
	if err != nil {
		return err
	}
	python, err := shared.CreateAndSave(t.Context(), data{})
	if err != nil {
		return err
	}
	url := seen.between(t)
	binary, err := command()
	if err != nil {
		t.Fatal(err)
	}
	var failed error
	for _, args := range [][]string{
		{"table", "check"},
		{"session", "show", handles[0], "-data"},
		{"session", "end", handles[0]},
		{"session", "end", handles[1]},
		{"session", "end", "-scan", python.Handle()}, // a session shared with Python is deleted
		{"subject", "list", "ada"},
		{"subject", "end", "ada", "-except", handles[2]},
		{"revoke-before", "now", "-yes"},
		{"stats"},
	} {
		var said bytes.Buffer
		cmd := exec.CommandContext(t.Context(), binary, append(args, "-table", table, "-endpoint", url)...)
		cmd.Stdout, cmd.Stderr = &said, &said
		if err := cmd.Run(); err != nil {
			failed = errors.Join(failed, fmt.Errorf("%v: %w\n%s", args, err, &said))
		}
	}
	return failed
}

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/integration/engine"
)

// binary returns the path of the program, built once.
var binary = sync.OnceValues(func() (string, error) {
	folder, err := os.MkdirTemp("", "dynasession-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(folder, "dynasession")
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", path, ".").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := binary(); err == nil {
		os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// A ran is the result of running the program.
type ran struct {
	out, errs string
	code      int
}

// A desk is an operator's place of work: it runs the program as a process on a table of an engine,
// and keeps everything that was printed.
type desk struct {
	t       *testing.T
	table   string
	stdin   string
	printed *bytes.Buffer
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	return &desk{t: t, table: engine.NewTable(t), printed: &bytes.Buffer{}}
}

func (d *desk) command(args ...string) *exec.Cmd {
	d.t.Helper()
	path, err := binary()
	if err != nil {
		d.t.Fatal(err)
	}
	cmd := exec.CommandContext(d.t.Context(), path, append([]string{"-table", d.table, "-endpoint", engine.Endpoint(d.t)}, args...)...)
	cmd.Stdin = strings.NewReader(d.stdin)
	return cmd
}

func (d *desk) run(args ...string) ran {
	d.t.Helper()
	var out, errs bytes.Buffer
	cmd := d.command(args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		d.t.Fatal(err)
	}
	d.printed.Write(out.Bytes())
	d.printed.Write(errs.Bytes())
	return ran{out.String(), errs.String(), cmd.ProcessState.ExitCode()}
}

// done runs the program, which must succeed, and returns its output.
func (d *desk) done(args ...string) string {
	d.t.Helper()
	r := d.run(args...)
	if r.code != 0 {
		d.t.Fatalf("%v: exit code %d: %s", args, r.code, r.errs)
	}
	return r.out
}

// json runs the program with -json, and decodes its output.
func (d *desk) json(into any, args ...string) ran {
	d.t.Helper()
	r := d.run(append(args, "-json")...)
	if err := json.Unmarshal([]byte(r.out), into); err != nil {
		d.t.Fatalf("%v: %v: %s %s", args, err, r.out, r.errs)
	}
	return r
}

func TestUsage(t *testing.T) {
	is := is.New(t)
	d := newDesk(t)
	for _, wrong := range [][]string{
		{},
		{"nosuch"},
		{"table"},
		{"table", "nosuch"},
		{"session", "show"},
		{"session", "show", "a", "b"},
		{"stats", "-nosuch"},
		{"-nosuch"},
		{"session", "show", "tooshort"},
		{"session", "end", strings.Repeat("G", 128)},
		{"stats", "-rate", "0"},
		{"stats", "-rate", "NaN"},
		{"session", "show", strings.Repeat("a", 128), "-scan", "-rate", "NaN"},
		{"stats", "-price", "NaN"},
		{"stats", "-price", "-1"},
		{"stats", "-price", "Inf"},
		{"subject", "list", ""},
		{"subject", "list", "\xff"},
		{"subject", "end", strings.Repeat("a", 1025)},
		{"subject", "list", "u", "-application", strings.Repeat("a", 257)},
		{"subject", "list", "u", "-application", "\xff"},
		{"table", "check", "-table", ""},
		{"table", "check", "-endpoint", "ftp://127.0.0.1"},
		{"table", "check", "-endpoint", "http://["},
		{"table", "check", "-endpoint", "https://"},
		{"stats", "-workers", "0"},
		{"table", "template", "nosuch"},
		{"table", "template", "policy"},
		{"table", "template", "policy", "nosuch"},
		{"table", "template", "terraform", "x"},
		{"table", "template", "terraform", "-region", `eu"`},
		{"table", "template", "policy", "service", "-account", `1","Effect":"Allow`},
		{"subject", "end", "u", "-except", "x"},
		{"revoke-before", "yesterday"},
		{"revoke-before", "2999-01-01T00:00:00Z", "-yes"},
	} {
		r := d.run(wrong...)
		is.Equal(r.code, exitUsage)
		is.Equal(r.out, "")
		is.True(len(r.errs) > 0) // a usage error is explained
	}
	is.True(strings.Contains(d.done("help"), "session show HANDLE"))
	is.True(strings.Contains(d.done("help", "stats"), "-state file"))
	is.True(strings.Contains(d.done("help", "stats"), `(default "app_session")`) || strings.Contains(d.done("help", "stats"), "-table name"))
	is.Equal(d.run("stats", "-h").code, 0)
	is.Equal(d.run("-h").code, 0)
}

// An argument that looks like a secret is not repeated in the error.
func TestUsage_AnIDInThePlaceOfAHandleIsNotRepeated(t *testing.T) {
	is := is.New(t)
	d := newDesk(t)
	r := d.run("session", "end", "DeBW-P8DcFFDckl-vEbl0l1X_S5ubqORR4MJ7ue_4K0")
	is.Equal(r.code, exitUsage)
	is.True(!strings.Contains(d.printed.String(), "DeBW"))
	is.True(strings.Contains(r.errs, "make HANDLE -")) // it says how to pass an ID
}

func TestNoTable(t *testing.T) {
	is := is.New(t)
	d := newDesk(t)
	d.table = "there_is_none"
	for _, command := range [][]string{{"table", "check"}, {"stats"}, {"session", "show", strings.Repeat("a", 128)}, {"subject", "list", "ada"}} {
		r := d.run(command...)
		is.Equal(r.code, exitFailed)
		is.True(strings.Contains(r.errs, "dynasession table create")) // it says what to do
	}
}

// The package comment lists every exit code and every command.
func TestTheCommentHasEveryCommand(t *testing.T) {
	is := is.New(t)
	source, err := os.ReadFile("main.go")
	is.NoErr(err)
	comment, _, _ := strings.Cut(string(source), "package main")
	for _, cmd := range commands {
		is.True(strings.Contains(comment, "//\t"+cmd.name))
	}
	for code := exitDone; code <= exitStopped; code++ {
		is.True(strings.Contains(comment, fmt.Sprintf("//\t%d   ", code)))
	}
}

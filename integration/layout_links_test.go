package integration_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/matryer/is"
)

// TestLinks compares the modules on which each package of the library depends with a list, so that
// a new dependency shows in the diff. With UPDATE_GOLDEN=1 it writes the list.
func TestLinks(t *testing.T) {
	is := is.New(t)
	list := exec.CommandContext(t.Context(), "go", "list", "-e", "-f", "{{.ImportPath}}", "./clock/...", "./codec/...", "./dynamo/...", "./sessions/...")
	list.Dir = ".."
	packages, err := list.Output()
	is.NoErr(err)
	var out bytes.Buffer
	for _, p := range strings.Fields(string(packages)) {
		deps := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", p)
		deps.Dir = ".."
		modules, err := deps.Output()
		is.NoErr(err)
		linked := strings.Fields(string(modules))
		slices.Sort(linked)
		linked = slices.DeleteFunc(slices.Compact(linked), func(m string) bool { return m == module })
		fmt.Fprintf(&out, "%s\n", strings.TrimPrefix(p, module+"/"))
		for _, m := range linked {
			fmt.Fprintf(&out, "\t%s\n", m)
		}
	}
	const file = "testdata/links.txt"
	if os.Getenv("UPDATE_GOLDEN") != "" {
		is.NoErr(os.WriteFile(file, out.Bytes(), 0o644))
	}
	want, err := os.ReadFile(file)
	is.NoErr(err)
	is.Equal(out.String(), string(want))
}

// TestDependenciesAreNamed checks that docs/design.md gives a licence and a reason for each direct
// dependency.
func TestDependenciesAreNamed(t *testing.T) {
	is := is.New(t)
	mod, err := os.ReadFile("../go.mod")
	is.NoErr(err)
	design, err := os.ReadFile("../docs/design.md")
	is.NoErr(err)
	for line := range strings.Lines(string(mod)) {
		fields := strings.Fields(strings.TrimPrefix(line, "require "))
		if len(fields) < 2 || strings.HasSuffix(strings.TrimSpace(line), "// indirect") || !strings.HasPrefix(fields[1], "v") || !strings.Contains(fields[0], ".") {
			continue
		}
		parts := strings.Split(fields[0], "/")
		for i := len(parts) - 1; i > 0 && !strings.Contains(string(design), strings.Join(parts[max(1, i-1):], "/")) && !strings.Contains(string(design), parts[i]); i-- {
			if i == 1 {
				t.Errorf("%s is not named in docs/design.md", fields[0])
			}
		}
	}
	for line := range strings.Lines(string(design)) {
		if strings.HasPrefix(line, "| ") && strings.Count(line, "|") == 4 && strings.Contains(line, "/") && !strings.Contains(line, "---") {
			cells := strings.Split(line, "|")
			is.True(len(strings.TrimSpace(cells[2])) > 2) // the licence is given
			is.True(len(strings.TrimSpace(cells[3])) > 2) // the reason is given
		}
	}
}

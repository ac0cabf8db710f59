package integration_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/matryer/is"
)

var (
	testFunc = regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	named    = regexp.MustCompile("`(Test\\w+)`")
)

// TestSecurityRecord checks docs/security.md. Each row must name a test, or say that it is the
// application's responsibility. Each test must exist; on CI it must also run and pass, except for
// those in other modules, which `just beside` runs.
func TestSecurityRecord(t *testing.T) {
	is := is.New(t)
	record, err := os.ReadFile("../docs/security.md")
	is.NoErr(err)
	where := map[string][]string{} // the folders of each test
	for _, s := range sources(t) {
		if !s.isTest() {
			continue
		}
		text, err := os.ReadFile("../" + s.path)
		is.NoErr(err)
		for _, m := range testFunc.FindAllStringSubmatch(string(text), -1) {
			where[m[1]] = append(where[m[1]], path.Dir(s.path))
		}
	}
	_, tables, _ := strings.Cut(string(record), "## Who can do what")
	var wanted []string
	for line := range strings.Lines(tables) {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| ---") || strings.HasPrefix(line, "| requirement") || strings.HasPrefix(line, "| who has") {
			continue
		}
		tests := named.FindAllStringSubmatch(line, -1)
		if len(tests) == 0 && !strings.Contains(line, "the application's: ") {
			t.Errorf("names no test, nor says that it is the application's: %s", line)
		}
		for _, m := range tests {
			wanted = append(wanted, m[1])
			if where[m[1]] == nil {
				t.Errorf("there is no %s", m[1])
			}
		}
	}
	is.True(len(wanted) > 100)
	if required, _ := strconv.ParseBool(os.Getenv("CI")); required {
		slices.Sort(wanted)
		for _, name := range notPassed(t, slices.Compact(wanted), where) {
			t.Errorf("%s did not run and pass", name)
		}
	}
}

// elsewhere are the folders of tests that this test does not run: those of other modules, and three
// that take long and run on their own.
var elsewhere = []string{
	"integration/api", "integration/browser", "integration/compare", "integration/deploy", "integration/proof",
	"integration/cost", "integration/leak", "integration/torture",
}

// notPassed runs the tests, and returns those that did not run or did not pass.
func notPassed(t *testing.T, names []string, where map[string][]string) []string {
	t.Helper()
	var packages, run []string
	for _, name := range names {
		for _, folder := range where[name] {
			if !within(folder, elsewhere...) {
				packages, run = append(packages, "./"+folder), append(run, name)
			}
		}
	}
	slices.Sort(packages)
	args := append([]string{"test", "-json", "-vet=off", "-run", "^(" + strings.Join(run, "|") + ")$"}, slices.Compact(packages)...)
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = ".."
	out, _ := cmd.Output() // a failure shows in the output
	passed := map[string]bool{}
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		var e struct{ Action, Test string }
		if json.Unmarshal(lines.Bytes(), &e) == nil && e.Action == "pass" {
			passed[e.Test] = true
		}
	}
	return slices.DeleteFunc(slices.Compact(slices.Sorted(slices.Values(run))), func(name string) bool { return passed[name] })
}

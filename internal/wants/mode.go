package wants

import (
	"os"
	"os/exec"
	"testing"
)

// ExamplesPass runs the examples of the test's own package in another process, with a setting of
// GODEBUG, and ends the test unless they pass.
func ExamplesPass(t testing.TB, godebug string) {
	t.Helper()
	run := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^Example")
	run.Env = append(os.Environ(), "GODEBUG="+godebug)
	if out, err := run.CombinedOutput(); err != nil {
		t.Fatalf("with GODEBUG=%s: %v\n%s", godebug, err, out)
	}
}

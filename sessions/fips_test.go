package sessions_test

import (
	"os"
	"os/exec"
	"testing"
)

// The examples run in FIPS 140-3 mode, in which Go refuses what the standard does not approve.
func TestFIPS(t *testing.T) {
	run := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^Example")
	run.Env = append(os.Environ(), "GODEBUG=fips140=only")
	if out, err := run.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

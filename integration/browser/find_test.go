package browser

import (
	"os"
	"os/exec"
	"strconv"
	"testing"
)

// names are the names of the browser's executable on different systems.
var names = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}

// path returns the path of the browser: the value of CHROMIUM if it is set, or else the first of
// names that is found. If there is none, the test is skipped; with CI=true it fails.
func path(t testing.TB) string {
	t.Helper()
	if p := os.Getenv("CHROMIUM"); p != "" {
		return p
	}
	for _, name := range names {
		if p, err := exec.LookPath(name); err == nil {
			return p
		}
	}
	if required, _ := strconv.ParseBool(os.Getenv("CI")); required {
		t.Fatalf("a browser is required: install one of %v, or set CHROMIUM", names)
	}
	t.Skipf("SKIPPED, needs a browser: install one of %v, or set CHROMIUM", names)
	return ""
}

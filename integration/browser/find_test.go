package browser

import (
	"os"
	"os/exec"
	"strconv"
	"testing"
)

// names are those under which systems have it.
var names = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}

// path returns where the browser is: at CHROMIUM if that is set, else by one of its names. If there is none it skips the test, loudly;
// with CI=true it fails it.
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

package explore_test

import (
	"flag"
	"os"
	"runtime/debug"
	"testing"
)

func TestMain(m *testing.M) {
	flag.Parse()
	debug.SetGCPercent(400) // the tests leave much short-lived garbage
	os.Exit(m.Run())
}

package main

import (
	"strings"
	"testing"
)

// checkWalk checks the output of walk.
func checkWalk(t *testing.T, told string) {
	t.Helper()
	rest := told
	for _, want := range []string{
		"Go sees: [tea cups]", `Python sees: {"items":["tea","cups"]}`, "her ID is outdated: true", "and the new one: false",
		"still in her basket: [tea cups]", "the old ID is dead: true", "in her basket: [tea cups]",
	} {
		_, after, ok := strings.Cut(rest, "   "+want+"\n")
		if !ok {
			t.Fatalf("no %q in\n%s", want, told)
		}
		rest = after
	}
}

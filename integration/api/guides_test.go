package main

import (
	"os"
	"strings"
	"testing"

	"github.com/matryer/is"
)

// The Go blocks of the guides are cut from this module.
func TestGuides_AreCutFromThis(t *testing.T) {
	is := is.New(t)
	var source strings.Builder
	for _, file := range []string{"api.go", "oidc.go", "stream.go"} {
		text, err := os.ReadFile(file)
		is.NoErr(err)
		source.WriteString(flat(string(text)) + "\n")
	}
	for page, atLeast := range map[string]int{"oidc.md": 6, "streams.md": 2} {
		text, err := os.ReadFile("../../docs/" + page)
		is.NoErr(err)
		blocks := strings.Split(string(text), "```go\n")[1:]
		is.True(len(blocks) >= atLeast)
		for _, b := range blocks {
			block, _, ok := strings.Cut(b, "```")
			is.True(ok)
			if !strings.Contains(source.String(), flat(block)) {
				t.Errorf("%s: not in the example:\n%s", page, block)
			}
		}
	}
}

// flat removes the indentation of code.
func flat(code string) string {
	var lines []string
	for line := range strings.Lines(code) {
		lines = append(lines, strings.TrimSpace(line))
	}
	return strings.Join(lines, "\n")
}

package main

import (
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/matryer/is"
)

// written finds the commands that a page shows, between backquotes or on a line of their own.
var written = regexp.MustCompile("`dynasession ([^`]+)`|(?m)^ +dynasession (.+)$")

// The program accepts every command that the documentation shows.
func TestDocs_CommandsAreThose(t *testing.T) {
	is := is.New(t)
	pages, err := filepath.Glob("../../docs/*.md")
	is.NoErr(err)
	found := 0
	for _, page := range append(pages, "../../deploy/README.md", "../../README.md") {
		text, err := os.ReadFile(page)
		is.NoErr(err)
		for _, m := range written.FindAllStringSubmatch(string(text), -1) {
			line, _, _ := strings.Cut(m[1]+m[2], " >")
			words := strings.Fields(line)
			if words[0] == "help" {
				continue
			}
			found++
			cmd, rest, ok := find(words)
			if !ok {
				t.Errorf("%s: there is no command `dynasession %s`", page, line)
				continue
			}
			c := &cli{set: flag.NewFlagSet("", flag.ContinueOnError)}
			c.prepare(cmd, io.Discard)
			args, err := parse(c.set, rest)
			if named := len(rest) == 0; !named && (err != nil || len(args) < cmd.fewest || len(args) > cmd.most) {
				t.Errorf("%s: `dynasession %s`: %v, %d arguments", page, line, err, len(args))
			}
		}
	}
	is.True(found >= 15)
}

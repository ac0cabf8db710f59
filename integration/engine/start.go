package engine

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	startTimeout   = 60 * time.Second // of one that has to be started
	runningTimeout = 10 * time.Second // of one that is said to run
)

// Engine is a running DynamoDB engine.
type Engine struct {
	URL    string // where it answers
	Source string // how it was found: "DYNAMODB_ENDPOINT", "java" or "docker"

	process *process // nil if the engine isn't ours
}

// Start finds an engine, as the package's comment says, starts it on port, 0 for any free one, and waits until it answers.
// An engine at DYNAMODB_ENDPOINT runs already, whatever port is. The error is [ErrNone] if there is none to start.
//
// The engine runs until Close, or until this process ends, in whatever way.
func Start(ctx context.Context, port int) (*Engine, error) {
	p, err := find(ctx, bestFirst()...)
	if err != nil {
		return nil, err
	}
	return p.start(ctx, port)
}

// start makes the plan's engine run. A free port may be somebody else's a moment later: then another one is tried.
func (p plan) start(ctx context.Context, port int) (*Engine, error) {
	if p.url != "" {
		ctx, cancel := context.WithTimeout(ctx, runningTimeout)
		defer cancel()
		if err := await(ctx, p.url, nil); err != nil {
			return nil, fmt.Errorf("%s: %w", p.source, err)
		}
		return &Engine{URL: p.url, Source: p.source}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	const attempts = 3
	for attempt := 1; ; attempt++ {
		e, err := p.startOn(ctx, port)
		if errors.Is(err, errPortTaken) && port == 0 && attempt < attempts {
			continue
		}
		return e, err
	}
}

func (p plan) startOn(ctx context.Context, port int) (*Engine, error) {
	if port == 0 {
		var err error
		if port, err = freePort(ctx); err != nil {
			return nil, err
		}
	}
	proc, err := launch(p.dir, p.command(port))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.source, err)
	}
	url := fmt.Sprintf("http://127.0.0.1:%d", port)
	if err := await(ctx, url, proc.gone); err != nil {
		proc.end()
		said := proc.output.String()
		if saysPortTaken(said) {
			err = errors.Join(err, errPortTaken)
		}
		return nil, fmt.Errorf("%s: %w; it said:\n%s", p.source, err, said)
	}
	return &Engine{URL: url, Source: p.source, process: proc}, nil
}

// Close ends the engine and waits until it is gone. One that was found running is left running.
func (e *Engine) Close() {
	if e.process != nil {
		e.process.end()
	}
}

// Gone is closed when the engine has ended, by Close or by itself. It is never closed for one that was found running.
func (e *Engine) Gone() <-chan struct{} {
	if e.process == nil {
		return nil
	}
	return e.process.gone
}

package proof

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/dynasession/dynasession/sessions/driver"
)

// message is a request to a process, or its answer.
type message struct {
	N       int
	Request Request
	Die     int // the process kills itself before this store call, counted from 1; 0: never
	Answer  Answer
}

// Serve answers requests, one JSON value each, until the input ends. It is the main loop of a
// [Remote]'s process. The host must use the given store; see [Mortal].
func Serve(ctx context.Context, in io.Reader, out io.Writer, store *Mortal, host Host) error {
	var all sync.WaitGroup
	defer all.Wait()
	var mu sync.Mutex
	answers := json.NewEncoder(out)
	for requests := json.NewDecoder(bufio.NewReader(in)); ; {
		var m message
		if err := requests.Decode(&m); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if m.Die > 0 {
			store.left.Store(int64(m.Die))
		}
		all.Go(func() {
			a := host.Do(ctx, m.Request)
			mu.Lock()
			defer mu.Unlock()
			_ = answers.Encode(message{N: m.N, Answer: a}) // fails if the reader has gone
		})
	}
}

// Mortal is a store that on request kills its process before one of its calls.
type Mortal struct {
	Weather
	left atomic.Int64 // calls until then; 0: never
}

// NewMortal returns a Mortal that uses store.
func NewMortal(store driver.Store) *Mortal {
	m := &Mortal{}
	m.Store, m.before = store, func() {
		if m.left.Load() > 0 && m.left.Add(-1) == 0 {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // wait for the signal
		}
	}
	return m
}

// Remote is a host that runs as a separate process, which is replaced when it has died.
type Remote struct {
	// Command returns the command of a process that calls [Serve] on its standard input and
	// output.
	Command func() *exec.Cmd
	// Die returns before which of its next store calls the process kills itself, counted from
	// 1, or 0 if it should live. It is called for each request. If it is nil, no process kills
	// itself.
	Die func(r Request) int

	mu     sync.Mutex
	now    *process
	deaths int // the number of processes that have died
}

// process is a running process.
type process struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	send    *json.Encoder
	n       int
	waiting map[int]chan Answer
	gone    bool
}

// Merges implements [Host].
func (r *Remote) Merges() bool { return false }

// Do implements [Host]. If the process dies before it answers, the outcome is Unknown.
func (r *Remote) Do(_ context.Context, request Request) Answer {
	r.mu.Lock()
	p := r.now
	if p == nil || p.gone {
		var err error
		if p, err = r.start(); err != nil {
			r.mu.Unlock()
			return Answer{Outcome: Failed, Why: err.Error()}
		}
		r.now = p
	}
	m := message{N: p.n, Request: request}
	if r.Die != nil {
		m.Die = r.Die(request)
	}
	answer := make(chan Answer, 1)
	p.waiting[p.n] = answer
	p.n++
	if err := p.send.Encode(m); err != nil {
		p.gone = true // read will answer the requests still waiting
	}
	r.mu.Unlock()
	a := <-answer
	if a.Outcome == Unknown && (request.Kind == Load || request.Kind == List) {
		a.Outcome = Failed // a read changes nothing, so it has just failed
	}
	return a
}

// start starts a process. The caller must hold the lock.
func (r *Remote) start() (*process, error) {
	cmd := r.Command()
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start a host: %w", err)
	}
	p := &process{cmd: cmd, in: in, send: json.NewEncoder(in), waiting: map[int]chan Answer{}}
	go r.read(p, out)
	return p, nil
}

// read delivers a process's answers until the process is gone.
func (r *Remote) read(p *process, out io.Reader) {
	for answers := json.NewDecoder(bufio.NewReader(out)); ; {
		var m message
		if err := answers.Decode(&m); err != nil {
			break
		}
		r.mu.Lock()
		p.waiting[m.N] <- m.Answer
		delete(p.waiting, m.N)
		r.mu.Unlock()
	}
	_ = p.cmd.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	p.gone = true
	r.deaths++
	for _, answer := range p.waiting {
		answer <- Answer{Outcome: Unknown, Why: "the host has died"}
	}
	p.waiting = nil
}

// Kill kills the process, if there is one.
func (r *Remote) Kill() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.now != nil && !r.now.gone {
		_ = r.now.cmd.Process.Kill()
	}
}

// Died returns the number of processes that have died.
func (r *Remote) Died() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.deaths
}

package faults

import (
	"bytes"
	"context"
	"errors"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// Transport is an [http.RoundTripper] between a client and an engine. Which attempt meets which
// fault follows from the seed, the operation and the attempt's number among those of its operation:
// the same calls in the same order meet the same. It is safe for concurrent use.
type Transport struct {
	base http.RoundTripper
	seed uint64

	mu      sync.Mutex
	rates   Rates
	spared  map[string]Fault   // which fault an operation never draws
	planned map[string][]Fault // what the next attempts of an operation meet, before the rates count
	number  map[string]uint64  // of attempts so far, by operation
	counts  [kinds]int
	late    sync.WaitGroup
	held    time.Duration // the longest that Late holds a request up
}

// New returns a Transport that sends through base, nil for [http.DefaultTransport], and draws
// faults by seed and rates; nil rates are none.
func New(base http.RoundTripper, seed uint64, rates Rates) *Transport {
	if base == nil {
		base = http.DefaultTransport
	}
	return &Transport{base: base, seed: seed, rates: rates, spared: map[string]Fault{}, planned: map[string][]Fault{}, number: map[string]uint64{}, held: longestLate}
}

// Client makes a client send through t.
func (t *Transport) Client(o *dynamodb.Options) { o.HTTPClient = &http.Client{Transport: t} }

// Plan makes the next attempts of the operation ("PutItem", say) meet these faults, one each.
func (t *Transport) Plan(operation string, faults ...Fault) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.planned[operation] = append(t.planned[operation], faults...)
}

// Unplan forgets what is planned for the operation and has not been met.
func (t *Transport) Unplan(operation string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.planned, operation)
}

// SetRates changes the rates for the attempts to come; nil ends the faults.
func (t *Transport) SetRates(rates Rates) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rates = rates
}

// Hold sets how long Late holds a request up at most; 300 ms otherwise.
func (t *Transport) Hold(most time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.held = most
}

// Spare keeps an operation from drawing a fault.
func (t *Transport) Spare(operation string, fault Fault) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.spared[operation] = fault
}

// Counts returns how many attempts met each fault.
func (t *Transport) Counts() map[Fault]int {
	t.mu.Lock()
	defer t.mu.Unlock()
	counts := map[Fault]int{}
	for f, n := range t.counts {
		counts[Fault(f)] = n
	}
	return counts
}

// Settle returns when every late request has reached the engine.
func (t *Transport) Settle() { t.late.Wait() }

// draw returns the fault of the next attempt of the operation, and a share between 0 and 1 for how
// long it takes.
func (t *Transport) draw(operation string) (Fault, float64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := t.number[operation]
	t.number[operation]++
	name := fnv.New64a()
	_, _ = io.WriteString(name, operation)
	random := rand.New(rand.NewPCG(t.seed^name.Sum64(), n))
	fault := t.rates.pick(random.Float64())
	if fault == t.spared[operation] {
		fault = None
	}
	if plan := t.planned[operation]; len(plan) > 0 {
		fault, t.planned[operation] = plan[0], plan[1:]
	}
	t.counts[fault]++
	return fault, random.Float64()
}

var errCut = &net.OpError{Op: "read", Net: "tcp", Err: errors.New("connection reset by peer")}

// The longest that Delay and Late hold a request up.
const (
	longestDelay = 50 * time.Millisecond
	longestLate  = 300 * time.Millisecond
)

// RoundTrip sends the request, or breaks it.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	fault, share := t.draw(operation)
	switch fault {
	case CutBefore:
		return nil, errCut
	case CutAfter, ErrorAfter:
		response, err := t.base.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		if response.StatusCode != http.StatusOK {
			return response, nil // it was refused: that answer may as well arrive
		}
		drain(response)
		if fault == ErrorAfter {
			return answer(r, http.StatusInternalServerError, "InternalServerError"), nil
		}
		return nil, errCut
	case Late:
		return nil, t.sendLater(r, time.Duration(share*float64(t.longest())))
	case Delay:
		if err := wait(r.Context(), time.Duration(share*float64(longestDelay))); err != nil {
			return nil, err
		}
	case InternalError:
		return answer(r, http.StatusInternalServerError, "InternalServerError"), nil
	case Throttle:
		return answer(r, http.StatusBadRequest, "ProvisionedThroughputExceededException"), nil
	case Conflict:
		return conflict(r, operation), nil
	case Partial:
		if operation == "BatchGetItem" {
			return halve(t.base, r)
		}
	}
	return t.base.RoundTrip(r)
}

func (t *Transport) longest() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.held
}

// sendLater sends a copy of the request after d, whatever becomes of its client.
func (t *Transport) sendLater(r *http.Request, d time.Duration) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	again := r.Clone(context.WithoutCancel(r.Context()))
	again.Body = io.NopCloser(bytes.NewReader(body))
	t.late.Go(func() {
		_ = wait(again.Context(), d)
		if response, err := t.base.RoundTrip(again); err == nil {
			drain(response)
		}
	})
	return errCut
}

func drain(r *http.Response) {
	_, _ = io.Copy(io.Discard, r.Body)
	_ = r.Body.Close()
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

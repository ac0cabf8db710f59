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

// Transport is an [http.RoundTripper] that injects faults between a client and an engine. The fault
// of an attempt depends only on the seed, the operation, and the number of attempts of that
// operation before it, so the same calls in the same order meet the same faults. It is safe for
// concurrent use.
type Transport struct {
	base http.RoundTripper
	seed uint64

	mu      sync.Mutex
	rates   Rates
	spared  map[string]Fault   // a fault that an operation never meets by chance
	planned map[string][]Fault // faults of an operation's next attempts, which precede random ones
	number  map[string]uint64  // of attempts per operation
	counts  [kinds]int
	late    sync.WaitGroup
	held    time.Duration // the longest delay of Late
}

// New returns a Transport that sends through base and draws faults at these rates. A nil base is
// [http.DefaultTransport]; nil rates mean no faults.
func New(base http.RoundTripper, seed uint64, rates Rates) *Transport {
	if base == nil {
		base = http.DefaultTransport
	}
	return &Transport{base: base, seed: seed, rates: rates, spared: map[string]Fault{}, planned: map[string][]Fault{}, number: map[string]uint64{}, held: longestLate}
}

// Client configures a client to send through t.
func (t *Transport) Client(o *dynamodb.Options) { o.HTTPClient = &http.Client{Transport: t} }

// Plan makes the next attempts of an operation, such as "PutItem", meet these faults, one each.
func (t *Transport) Plan(operation string, faults ...Fault) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.planned[operation] = append(t.planned[operation], faults...)
}

// Unplan drops an operation's planned faults that have not occurred yet.
func (t *Transport) Unplan(operation string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.planned, operation)
}

// SetRates changes the rates from now on; nil ends the random faults.
func (t *Transport) SetRates(rates Rates) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rates = rates
}

// Hold sets the longest delay of Late; the default is 300 ms.
func (t *Transport) Hold(most time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.held = most
}

// Spare excludes a fault of an operation from the random ones.
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

// Settle waits until every late request has reached the engine.
func (t *Transport) Settle() { t.late.Wait() }

// draw returns the fault of an operation's next attempt, and a random share between 0 and 1 for its
// delay.
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

// The longest delays of Delay and Late.
const (
	longestDelay = 50 * time.Millisecond
	longestLate  = 300 * time.Millisecond
)

// RoundTrip sends the request or injects a fault.
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
			return response, nil // only the response of a success is lost
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

// sendLater sends a copy of the request after d, even if the client has given up.
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

// Package faults injects faults between a client and a real DynamoDB engine, attempt by attempt,
// for tests. The engine is real, so what it has applied is applied.
package faults

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Fault is what happens to one attempt of a request.
type Fault uint8

// The faults. The client sees the same connection error for CutBefore, CutAfter and Late.
const (
	None          Fault = iota
	CutBefore           // the connection is cut before the request is sent, so it is not applied
	CutAfter            // the request is applied, and the response is lost
	Late                // the connection is cut, and the request is applied some time later
	Delay               // the request is applied after a delay
	InternalError       // HTTP 500, not applied
	ErrorAfter          // HTTP 500 but applied, which AWS says may happen
	Throttle            // the service refuses for lack of capacity
	Conflict            // the service refuses a write: another Region or a transaction is writing
	Partial             // half the keys of a BatchGetItem are processed
	kinds
)

var names = [kinds]string{"none", "cut before", "cut after", "late", "delay", "500", "500 after", "throttle", "conflict", "partial"}

// String returns the fault's name.
func (f Fault) String() string { return names[f] }

// Rates are the shares of the attempts that meet each fault. Their sum is at most 1; the other
// attempts meet none.
type Rates map[Fault]float64

// pick returns the fault of an attempt that drew the random number x, which is in [0, 1).
func (r Rates) pick(x float64) Fault {
	for f := None + 1; f < kinds; f++ {
		if x < r[f] {
			return f
		}
		x -= r[f]
	}
	return None
}

// conflict returns the refusal of a write that conflicts with another. A read is throttled instead.
func conflict(r *http.Request, operation string) *http.Response {
	if strings.HasSuffix(operation, "GetItem") {
		return answer(r, http.StatusBadRequest, "ThrottlingException")
	}
	return answer(r, http.StatusBadRequest, "TransactionConflictException")
}

func answer(r *http.Request, status int, code string) *http.Response {
	return response(r, status, fmt.Appendf(nil, `{"__type":"com.amazonaws.dynamodb.v20120810#%s","message":"injected"}`, code))
}

func response(r *http.Request, status int, body []byte) *http.Response {
	return &http.Response{
		StatusCode: status, ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header:        http.Header{"Content-Type": {"application/x-amz-json-1.0"}},
		Body:          io.NopCloser(bytes.NewReader(body)),
		ContentLength: int64(len(body)),
	}
}

// batch is the part of a BatchGetItem request that halve needs.
type batch struct{ RequestItems map[string]keys }

type keys struct {
	Keys           []json.RawMessage
	ConsistentRead bool
}

// halve sends the first half of a BatchGetItem's keys, and adds the others to the response as
// unprocessed.
func halve(base http.RoundTripper, r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	var asked batch
	if err := json.Unmarshal(body, &asked); err != nil {
		return nil, err
	}
	left := map[string]keys{}
	for table, k := range asked.RequestItems {
		if half := len(k.Keys) / 2; half > 0 {
			asked.RequestItems[table] = keys{k.Keys[:half], k.ConsistentRead}
			left[table] = keys{k.Keys[half:], k.ConsistentRead}
		}
	}
	if body, err = json.Marshal(asked); err != nil {
		return nil, err
	}
	half := r.Clone(r.Context())
	half.Body, half.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	processed, err := base.RoundTrip(half)
	if err != nil || processed.StatusCode != http.StatusOK {
		return processed, err
	}
	defer processed.Body.Close()
	var got map[string]json.RawMessage
	if err := json.NewDecoder(processed.Body).Decode(&got); err != nil {
		return nil, err
	}
	if got["UnprocessedKeys"], err = json.Marshal(left); err != nil {
		return nil, err
	}
	if body, err = json.Marshal(got); err != nil {
		return nil, err
	}
	return response(r, http.StatusOK, body), nil
}

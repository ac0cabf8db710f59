// Package faults breaks the network between a client and a real DynamoDB engine, attempt by
// attempt, for tests. The engine is not a fake: what it has applied, it has applied.
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

// The faults. Of those that return an error of the connection, the client can't tell the first from
// the next two.
const (
	None          Fault = iota
	CutBefore           // the connection is cut before the request is sent: nothing is applied
	CutAfter            // the engine answers, and the answer is lost
	Late                // the connection is cut, and the engine gets the request some time later
	Delay               // the request is held up, and then goes through
	InternalError       // HTTP 500, not applied
	ErrorAfter          // HTTP 500, and applied all the same: AWS says that either may be
	Throttle            // the service refuses for want of capacity
	Conflict            // the service refuses a write because another Region, or a transaction of others, is writing
	Partial             // of a BatchGetItem the service processes half of the keys; anything else goes through
	kinds
)

var names = [kinds]string{"none", "cut before", "cut after", "late", "delay", "500", "500 after", "throttle", "conflict", "partial"}

// String returns the fault's name.
func (f Fault) String() string { return names[f] }

// Rates are the shares of the attempts that meet each fault, between 0 and 1, at most 1 in sum. The
// rest goes through.
type Rates map[Fault]float64

// pick returns the fault of the attempt that drew x, which lies in [0, 1).
func (r Rates) pick(x float64) Fault {
	for f := None + 1; f < kinds; f++ {
		if x < r[f] {
			return f
		}
		x -= r[f]
	}
	return None
}

// conflict is a refusal that a read never meets.
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

// batch is the body of a BatchGetItem, as far as it is needed.
type batch struct{ RequestItems map[string]keys }

type keys struct {
	Keys           []json.RawMessage
	ConsistentRead bool
}

// halve sends the first half of a BatchGetItem's keys through base, and adds the others to the
// answer as unprocessed.
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

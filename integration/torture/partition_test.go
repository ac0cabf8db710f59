package torture_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// partitions refuse writes of an item that come faster than it takes them, as a partition of DynamoDB does. All hosts share
// them.
type partitions struct {
	perSecond float64

	mu      sync.Mutex
	items   map[string]*bucket
	refused int
}

// bucket holds the write units that an item has left.
type bucket struct {
	units float64
	at    time.Time
}

func newPartitions(perSecond float64) *partitions {
	return &partitions{perSecond: perSecond, items: map[string]*bucket{}}
}

// takes reports whether an item takes a write now.
func (p *partitions) takes(key string, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	b := p.items[key]
	if b == nil {
		b = &bucket{p.perSecond, now}
		p.items[key] = b
	}
	b.units = min(p.perSecond, b.units+now.Sub(b.at).Seconds()*p.perSecond)
	b.at = now
	if b.units < 1 {
		p.refused++
		return false
	}
	b.units--
	return true
}

// throttled returns a transport to the engine that asks p.
func (p *partitions) throttled(base http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		if operation != "PutItem" && operation != "UpdateItem" && operation != "DeleteItem" {
			return base.RoundTrip(r)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		var of struct {
			Item, Key struct{ ID struct{ S string } }
		}
		if err := json.Unmarshal(body, &of); err != nil {
			return nil, err
		}
		if !p.takes(of.Item.ID.S+of.Key.ID.S, time.Now()) {
			refusal := `{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"the partition is hot"}`
			return &http.Response{
				StatusCode: http.StatusBadRequest, ProtoMajor: 1, ProtoMinor: 1, Request: r,
				Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}},
				Body:   io.NopCloser(strings.NewReader(refusal)), ContentLength: int64(len(refusal)),
			}, nil
		}
		return base.RoundTrip(r)
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

package faults

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Throughput is what a partition serves per second. DynamoDB serves 1,000 write units and 3,000
// read units. Zero means no limit.
type Throughput struct {
	Writes, Reads float64

	// Burst is how long a partition can save up unused throughput. The default is one second.
	Burst time.Duration
}

// Partitions refuse requests that exceed the throughput of their item's partition, as DynamoDB
// does. They count the capacity that the engine reports for each call. All clients that send
// through the same Partitions share their throughput. The clock is the system's, or that of a
// testing/synctest bubble. Partitions are safe for concurrent use.
type Partitions struct {
	takes Throughput
	of    func(key string) string

	mu      sync.Mutex
	buckets map[string]*bucket
	refused int
}

// bucket holds a partition's remaining units of one kind. It may be negative after a large call.
type bucket struct {
	units float64
	at    time.Time
}

// NewPartitions returns partitions. The function of maps an item's key to its partition. If it is
// nil, each item has a partition of its own, as DynamoDB arranges for hot items.
func NewPartitions(takes Throughput, of func(key string) string) *Partitions {
	if takes.Burst == 0 {
		takes.Burst = time.Second
	}
	if of == nil {
		of = func(key string) string { return key }
	}
	return &Partitions{takes: takes, of: of, buckets: map[string]*bucket{}}
}

// Refused returns how many calls, or keys of a batch, were refused.
func (p *Partitions) Refused() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.refused
}

// bucket returns the bucket of an item's partition, filled up to now. The caller must hold the
// lock.
func (p *Partitions) bucket(key string, read bool) *bucket {
	perSecond, name := p.takes.Writes, "w"+p.of(key)
	if read {
		perSecond, name = p.takes.Reads, "r"+p.of(key)
	}
	if perSecond == 0 {
		perSecond = math.Inf(1)
	}
	now, most := time.Now(), perSecond*p.takes.Burst.Seconds()
	b := p.buckets[name]
	if b == nil {
		b = &bucket{most, now}
		p.buckets[name] = b
	}
	if since := now.Sub(b.at); since > 0 {
		b.units = min(most, b.units+since.Seconds()*perSecond)
	}
	b.at = now
	return b
}

// take reports whether an item's partition has a unit left, and takes it.
func (p *Partitions) take(key string, read bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	b := p.bucket(key, read)
	if b.units < 1 {
		p.refused++
		return false
	}
	b.units--
	return true
}

// charge takes the units of a call beyond the first.
func (p *Partitions) charge(key string, read bool, units float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bucket(key, read).units -= max(0, units-1)
}

// Throttled returns a transport that sends requests through base, unless a partition refuses them.
func (p *Partitions) Throttled(base http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) { return p.roundTrip(base, r) })
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

const refusal = "ProvisionedThroughputExceededException"

func (p *Partitions) roundTrip(base http.RoundTripper, r *http.Request) (*http.Response, error) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	read := operation == "GetItem"
	switch operation {
	case "BatchGetItem":
		return p.batch(base, r)
	case "GetItem", "PutItem", "UpdateItem", "DeleteItem":
	default:
		return base.RoundTrip(r)
	}
	var in map[string]json.RawMessage
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return nil, err
	}
	key := keyIn(in["Key"]) + keyIn(in["Item"])
	if !p.take(key, read) {
		return answer(r, http.StatusBadRequest, refusal), nil
	}
	in["ReturnConsumedCapacity"] = json.RawMessage(`"TOTAL"`)
	got, body, err := exchange(base, r, in)
	if err != nil {
		return nil, err
	}
	var out struct {
		ConsumedCapacity struct{ CapacityUnits float64 }
		// Item is the existing item if a write's condition failed. Its size is charged.
		Item json.RawMessage
	}
	if err := json.Unmarshal(body, &out); err == nil {
		units := out.ConsumedCapacity.CapacityUnits
		if !read && got.StatusCode != http.StatusOK {
			units = math.Ceil(float64(len(out.Item)) / 1024)
		}
		p.charge(key, read, units)
	}
	return got, nil
}

// batch sends the keys of a BatchGetItem whose partitions have capacity, and returns the others as
// unprocessed. If no partition has capacity, it refuses the request.
func (p *Partitions) batch(base http.RoundTripper, r *http.Request) (*http.Response, error) {
	var asked batch
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		return nil, err
	}
	left, taken := map[string]keys{}, false
	for table, k := range asked.RequestItems {
		var now, later []json.RawMessage
		for _, key := range k.Keys {
			if p.take(keyIn(key), true) {
				now = append(now, key)
			} else {
				later = append(later, key)
			}
		}
		taken = taken || len(now) > 0
		asked.RequestItems[table] = keys{now, k.ConsistentRead}
		if len(later) > 0 {
			left[table] = keys{later, k.ConsistentRead}
		}
	}
	if !taken {
		return answer(r, http.StatusBadRequest, refusal), nil
	}
	got, body, err := exchange(base, r, asked)
	if err != nil || got.StatusCode != http.StatusOK || len(left) == 0 {
		return got, err
	}
	var out map[string]json.RawMessage
	if err := json.Unmarshal(body, &out); err != nil {
		return nil, err
	}
	if out["UnprocessedKeys"], err = json.Marshal(left); err != nil {
		return nil, err
	}
	if body, err = json.Marshal(out); err != nil {
		return nil, err
	}
	return response(r, http.StatusOK, body), nil
}

// keyIn returns the partition key of an item or key in JSON.
func keyIn(item json.RawMessage) string {
	var of struct{ ID struct{ S string } }
	if len(item) == 0 || json.Unmarshal(item, &of) != nil {
		return ""
	}
	return of.ID.S
}

// exchange sends r with in as its body. It returns the response and its body; the response's body
// can still be read.
func exchange(base http.RoundTripper, r *http.Request, in any) (*http.Response, []byte, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return nil, nil, err
	}
	sent := r.Clone(r.Context())
	sent.Body, sent.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	got, err := base.RoundTrip(sent)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = got.Body.Close() }()
	if body, err = io.ReadAll(got.Body); err != nil {
		return nil, nil, err
	}
	got.Body = io.NopCloser(bytes.NewReader(body))
	return got, body, nil
}

package torture_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/dynamo"
	"github.com/dynasession/dynasession/integration/engine"
	"github.com/dynasession/dynasession/integration/faults"
	"github.com/dynasession/dynasession/integration/torture"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
)

// ledger is the data of the sessions: the marks of all changes, in order.
type ledger struct {
	Marks []string `json:"marks"`
}

// merge appends what we have added to their marks.
func merge(base, ours, theirs ledger) (ledger, error) {
	return ledger{append(theirs.Marks, ours.Marks[len(base.Marks):]...)}, nil
}

// world consists of a few sessions of two applications, several hosts that serve them, and an
// unreliable network.
type world struct {
	seed       uint64
	clock      *clock.Fake
	table      string
	managers   []*sessions.Manager[ledger] // alternately of the two applications
	transports []*faults.Transport
	slots      []*slot
	peek       peek
	calm       sync.RWMutex // held for reading by requests, and for writing by jumps of the clock
	ticks      atomic.Int64
	stop       atomic.Bool

	mu    sync.Mutex
	lives []*torture.Life
	story []string // of the first session with an anomaly
}

// slot is a visitor's cookie: the visitor's current session and its ID.
type slot struct {
	subject string // as whom the visitor signs in
	app     int    // the number of the application

	mu     sync.Mutex
	life   *torture.Life
	id     string
	num    int
	dead   int // how many times in a row it was not found
	others int // sessions begun by join since the last revocation
	lives  []*torture.Life
}

const (
	managers = 4
	slots    = 6
	workers  = 200

	// peekFor is how long a host remembers what it has read.
	peekFor = 3 * time.Second

	// crowd is how many sessions a subject may have besides that of its slot.
	crowd = 300

	// heldUp is the longest delay of a late request. It is much longer than a client waits.
	heldUp = 5 * time.Second

	// writesPerSecond is the write throughput of an item. DynamoDB's is 1,000 units, but the
	// engine here is slower.
	writesPerSecond = 100
)

// applications share the table and the names of their subjects.
var applications = [2]string{"shop", "admin"}

// sabotage wraps a client, a store or Peek, to plant a mistake.
type sabotage struct {
	api   func(dynamo.API) dynamo.API
	store func(driver.Store) driver.Store
	peek  func(*world) peek
}

// peek is Manager.Peek, or replaces it.
type peek func(m *sessions.Manager[ledger], ctx context.Context, id string) (*sessions.Session[ledger], error)

// newWorld returns a world with its own table.
func newWorld(t *testing.T, seed uint64, by sabotage) *world {
	t.Helper()
	w := &world{seed: seed, clock: clock.NewFake(time.Now().UTC().Add(time.Hour)), table: engine.NewTable(t), peek: (*sessions.Manager[ledger]).Peek}
	if by.peek != nil {
		w.peek = by.peek(w)
	}
	partitions := faults.NewPartitions(faults.Throughput{Writes: writesPerSecond}, nil)
	for i := range managers {
		base := http.DefaultTransport.(*http.Transport).Clone()
		base.MaxIdleConnsPerHost = workers
		t.Cleanup(base.CloseIdleConnections)
		transport := faults.New(partitions.Throttled(base), seed+uint64(i), nil)
		transport.Hold(heldUp)
		var api dynamo.API = engine.Client(t, transport.Client)
		if by.api != nil {
			api = by.api(api)
		}
		own, err := dynamo.NewStore(api, &dynamo.Config{Table: w.table})
		if err != nil {
			t.Fatal(err)
		}
		var store driver.Store = own
		if by.store != nil {
			store = by.store(store)
		}
		cfg := &sessions.Config[ledger]{Clock: w.clock, TouchInterval: time.Second, Application: applications[i%2], PeekFor: peekFor}
		if i >= 2 {
			cfg.Merge = merge
		}
		m, err := sessions.New(store, cfg)
		if err != nil {
			t.Fatal(err)
		}
		w.managers, w.transports = append(w.managers, m), append(w.transports, transport)
	}
	for i := range slots {
		w.slots = append(w.slots, &slot{subject: fmt.Sprint("visitor ", i/2), app: i % 2})
	}
	return w
}

// rough are the usual fault rates, storm those of occasional bursts.
var (
	rough = faults.Rates{
		faults.CutBefore: 0.02, faults.CutAfter: 0.03, faults.Late: 0.01, faults.Delay: 0.03, faults.InternalError: 0.01,
		faults.ErrorAfter: 0.01, faults.Throttle: 0.01, faults.Conflict: 0.02,
	}
	storm = faults.Rates{faults.CutBefore: 0.2, faults.CutAfter: 0.3, faults.Late: 0.05, faults.ErrorAfter: 0.1, faults.Conflict: 0.1}
)

// weather moves the clock and changes the fault rates until the world stops.
func (w *world) weather(ctx context.Context) {
	random := rand.New(rand.NewPCG(w.seed, 1))
	step := time.NewTicker(5 * time.Millisecond)
	defer step.Stop()
	for n := 0; !w.stop.Load(); n++ {
		select {
		case <-step.C:
		case <-ctx.Done():
			return
		}
		w.clock.Advance(time.Duration(random.IntN(20)) * time.Millisecond)
		if n%100 == 50 {
			for _, t := range w.transports {
				t.SetRates(rough)
			}
			if random.IntN(3) == 0 {
				w.transports[random.IntN(len(w.transports))].SetRates(storm)
			}
		}
		if n%200 == 199 {
			w.calm.Lock()
			w.clock.Advance(time.Duration(random.IntN(70)) * time.Second)
			w.calm.Unlock()
		}
	}
}

// settle ends the faults, and waits for requests that are late.
func (w *world) settle() {
	for _, t := range w.transports {
		t.SetRates(nil)
		t.Settle()
	}
}

// run lets the workers make requests for a time.
func (w *world) run(t *testing.T, d time.Duration) {
	t.Helper()
	for _, transport := range w.transports {
		transport.SetRates(rough)
	}
	var all sync.WaitGroup
	for i := range workers {
		all.Go(func() { newWorker(w, i).work(t.Context()) })
	}
	all.Go(func() { w.weather(t.Context()) })
	timer := time.AfterFunc(d, func() { w.stop.Store(true) })
	defer timer.Stop()
	all.Wait()
	w.settle()
}

// records returns the revs of all records, by key.
func (w *world) records(t *testing.T) map[string]string {
	t.Helper()
	revs := map[string]string{}
	in := &dynamodb.ScanInput{
		TableName: &w.table, ConsistentRead: new(true), FilterExpression: new("attribute_exists(idle_timeout)"),
		ProjectionExpression: new("id, rev"),
	}
	for pages := dynamodb.NewScanPaginator(engine.Client(t), in); pages.HasMorePages(); {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range page.Items {
			revs[item["id"].(*types.AttributeValueMemberS).Value] = item["rev"].(*types.AttributeValueMemberS).Value
		}
	}
	return revs
}

// stored describes what is stored under a key.
func (w *world) stored(t *testing.T, key string) string {
	t.Helper()
	got, err := engine.Client(t).GetItem(t.Context(), &dynamodb.GetItemInput{
		TableName: &w.table, ConsistentRead: new(true), Key: map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: key}},
	})
	if err != nil {
		return err.Error()
	}
	var all []string
	for name, value := range got.Item {
		switch v := value.(type) {
		case *types.AttributeValueMemberS:
			all = append(all, name+" "+v.Value[:min(len(v.Value), 40)])
		case *types.AttributeValueMemberN:
			all = append(all, name+" "+v.Value)
		}
	}
	sort.Strings(all)
	return key[:12] + ": " + strings.Join(all, ", ")
}

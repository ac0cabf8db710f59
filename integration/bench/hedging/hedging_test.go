package hedging

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/matryer/is"

	"github.com/dynasession/dynasession/dynamo"
	"github.com/dynasession/dynasession/integration/bench"
	"github.com/dynasession/dynasession/integration/bench/canned"
	"github.com/dynasession/dynasession/sessions"
)

// delay is by how much one call in a hundred is delayed.
const delay = 200 * time.Millisecond

// slow is a network that counts calls and delays one in a hundred.
type slow struct {
	base  http.RoundTripper
	calls atomic.Int64
}

func (s *slow) RoundTrip(r *http.Request) (*http.Response, error) {
	if s.calls.Add(1)%100 == 0 {
		select {
		case <-time.After(delay):
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	return s.base.RoundTrip(r)
}

// drive loads a session repeatedly, and returns the duration of each call. It is a single client:
// several would wait for the machine instead of the network.
func drive(t *testing.T, m *sessions.Manager[string], id string, calls int) []time.Duration {
	t.Helper()
	is := is.New(t)
	times := make([]time.Duration, calls)
	for i := range times {
		begin := time.Now()
		_, err := m.Load(t.Context(), id)
		is.NoErr(err)
		times[i] = time.Since(begin)
	}
	return times
}

func TestHedging(t *testing.T) {
	is := is.New(t)
	table := bench.NewTable("Hedged reads",
		"Loads by one client over a loopback network, on which one call in a hundred is held up by 200 ms, from a server that answers at once.",
		"Config.Hedge", "loads", "calls", "more", "p50", "p99", "p99.9", "of the unhedged")
	calls := 300
	if bench.Full() {
		calls = 15000
	}
	server := httptest.NewServer(&canned.Service{})
	defer server.Close()
	var unhedged time.Duration
	for _, c := range []struct {
		name  string
		hedge *dynamo.Hedge
	}{
		{"none", nil},
		{"learned: `&dynamo.Hedge{}`", &dynamo.Hedge{}},
		{"fixed: `&dynamo.Hedge{After: 10 * time.Millisecond}`", &dynamo.Hedge{After: 10 * time.Millisecond}},
	} {
		network := &slow{base: &http.Transport{MaxIdleConnsPerHost: 64}}
		client := canned.Client(network, func(o *dynamodb.Options) { o.BaseEndpoint = &server.URL })
		// A timeout that even a busy machine does not reach.
		store, err := dynamo.NewStore(client, &dynamo.Config{Timeout: time.Minute, Hedge: c.hedge})
		is.NoErr(err)
		m, err := sessions.New[string](store, nil)
		is.NoErr(err)
		s, err := m.CreateAndSave(t.Context(), "data")
		is.NoErr(err)
		drive(t, m, s.ID().Secret(), calls/10) // lets Hedge learn which calls are late
		before := network.calls.Load()
		times := drive(t, m, s.ID().Secret(), calls)
		made := network.calls.Load() - before
		p999 := bench.Percentile(times, 99.9)
		if c.hedge == nil {
			unhedged = p999
		}
		more := float64(made)/float64(len(times)) - 1
		is.True(more <= dynamo.DefaultHedgeMaxExtra+0.01) // earlier calls may have left budget
		table.Row(c.name, len(times), made, fmt.Sprintf("%.1f %%", 100*more),
			bench.Percentile(times, 50), bench.Percentile(times, 99), p999, fmt.Sprintf("%.2f", float64(p999)/float64(unhedged)))
	}
	table.Report(t)
}

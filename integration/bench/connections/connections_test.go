package connections

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/matryer/is"

	"github.com/dynasession/dynasession/dynamo"
	"github.com/dynasession/dynasession/integration/bench"
	"github.com/dynasession/dynasession/integration/bench/canned"
	"github.com/dynasession/dynasession/integration/engine"
	"github.com/dynasession/dynasession/sessions"
)

type profile struct{ Name string }

// patience is a timeout that even a busy machine does not reach: these tests measure connections,
// not timeouts.
const patience = time.Minute

// scene is an engine and a session on it.
type scene struct {
	name, table string
	*far
	id string
}

func sdkClient(t *testing.T, s scene) *dynamodb.Client {
	t.Helper()
	c, err := config.LoadDefaultConfig(t.Context(), config.WithRegion("us-east-1"))
	is.New(t).NoErr(err)
	return dynamodb.NewFromConfig(c, func(o *dynamodb.Options) { o.BaseEndpoint = &s.URL })
}

func ourClient(t *testing.T, s scene) *dynamodb.Client {
	t.Helper()
	c, err := dynamo.NewClient(t.Context(), &dynamo.OpenConfig{Endpoint: s.URL, Timeout: patience})
	is.New(t).NoErr(err)
	return c
}

func manager(t *testing.T, s scene, client *dynamodb.Client) *sessions.Manager[profile] {
	t.Helper()
	is := is.New(t)
	store, err := dynamo.NewStore(client, &dynamo.Config{Table: s.table, Timeout: patience})
	is.NoErr(err)
	m, err := sessions.New[profile](store, nil)
	is.NoErr(err)
	return m
}

// scenes returns DynamoDB Local and an engine that answers at once: DynamoDB Local is slower than
// the client, and hides some of the differences between clients.
func scenes(t *testing.T) []scene {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", "local")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "local")
	t.Setenv("AWS_CONFIG_FILE", "/nonexistent/config")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials")
	all := []scene{
		{name: "DynamoDB Local", table: engine.NewTable(t), far: newFar(t, onEngine(t, engine.Endpoint(t)))},
		{name: "one that answers at once", table: "app_session", far: newFar(t, &canned.Service{})},
	}
	for i, s := range all {
		session, err := manager(t, s, ourClient(t, s)).CreateAndSave(t.Context(), profile{"n"})
		is.New(t).NoErr(err)
		all[i].id = session.ID().Secret()
	}
	return all
}

// drive makes the given number of clients load a session, and returns the duration of each call and
// of all calls together. Clients make their calls independently of each other. In bursts, all
// clients make one call at the same time and wait for each other before the next, as in a service
// whose requests come in waves.
func drive(t *testing.T, m *sessions.Manager[profile], id string, clients, calls int, bursts bool) (each []time.Duration, all time.Duration) {
	t.Helper()
	is := is.New(t)
	times := make([][]time.Duration, clients)
	turns, turn := 1, calls/clients
	if bursts {
		turns, turn = turn, 1
	}
	begin := time.Now()
	for range turns {
		var wg sync.WaitGroup
		for c := range clients {
			wg.Go(func() {
				for range turn {
					begin := time.Now()
					_, err := m.Load(t.Context(), id)
					is.NoErr(err)
					times[c] = append(times[c], time.Since(begin))
				}
			})
		}
		wg.Wait()
	}
	return slices.Concat(times...), time.Since(begin)
}

// run is the result of one HTTP client.
type run struct {
	manager *sessions.Manager[profile]
	each    []time.Duration
	all     time.Duration
	dialed  int64
}

func (r *run) perSecond() float64 { return float64(len(r.each)) / r.all.Seconds() }

func TestConnections(t *testing.T) {
	is := is.New(t)
	table := bench.NewTable("Connections",
		"Loads through the HTTP client of dynamo.Open and through the SDK's own, over TLS to an engine that is 2 ms away. Each client makes its calls "+
			"one after another (steady), or all make one at a time and then wait for each other (bursts). The two take turns.",
		"engine", "clients", "calls come", "calls/s", "SDK's", "ratio", "p50", "SDK's", "p99", "SDK's", "ratio", "dials", "SDK's")
	rounds, calls, many := 1, 32, []int{1, 8}
	if bench.Full() {
		rounds, calls, many = 3, 1536, []int{1, 16, 64}
	}
	for _, s := range scenes(t) {
		for _, clients := range many {
			for _, calling := range []string{"steady", "in bursts"} {
				if clients == 1 && calling != "steady" {
					continue // one client has no bursts
				}
				ours, sdk := &run{manager: manager(t, s, ourClient(t, s))}, &run{manager: manager(t, s, sdkClient(t, s))}
				for range rounds {
					for _, r := range []*run{ours, sdk} {
						before := s.dialed.Load()
						each, all := drive(t, r.manager, s.id, clients, min(calls, 512*clients), calling == "in bursts")
						r.each, r.all, r.dialed = append(r.each, each...), r.all+all, r.dialed+s.dialed.Load()-before
					}
				}
				is.Equal(len(ours.each), rounds*min(calls, 512*clients)) // every call was made
				is.Equal(len(sdk.each), len(ours.each))
				p99, sdks := bench.Percentile(ours.each, 99), bench.Percentile(sdk.each, 99)
				table.Row(s.name, clients, calling, ours.perSecond(), sdk.perSecond(), fmt.Sprintf("%.2f", ours.perSecond()/sdk.perSecond()),
					bench.Percentile(ours.each, 50), bench.Percentile(sdk.each, 50), p99, sdks, fmt.Sprintf("%.2f", float64(p99)/float64(sdks)),
					ours.dialed, sdk.dialed)
			}
		}
	}
	table.Report(t)
}

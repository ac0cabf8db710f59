package dynamo_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/msgpack"
	"github.com/dynasession/dynasession/dynamo"
	"github.com/dynasession/dynasession/integration/bench/canned"
	"github.com/dynasession/dynasession/sessions"
)

// six is a struct of six fields.
type six struct {
	Name   string    `json:"name"`
	Locale string    `json:"locale"`
	Theme  string    `json:"theme"`
	Visits int       `json:"visits"`
	Admin  bool      `json:"admin"`
	Seen   time.Time `json:"seen"`
}

// rivals are a library call, and the SDK's bare call for the same item.
type rivals struct{ ours, bare func(context.Context) error }

// cannedSession returns a stub of DynamoDB that has one session in a codec's format, and the
// session's ID.
func cannedSession(tb testing.TB, c codec.Codec[six]) (*canned.Kept, sessions.ID) {
	tb.Helper()
	var service canned.Service
	s, err := benchManager(tb, canned.Client(&service), c).CreateAndSave(tb.Context(),
		six{Name: "n", Locale: "de-AT", Theme: "dark", Visits: 12, Admin: true, Seen: at})
	if err != nil {
		tb.Fatal(err)
	}
	return service.Keep(), s.ID()
}

func loadRivals(tb testing.TB, c codec.Codec[six]) rivals {
	tb.Helper()
	item, id := cannedSession(tb, c)
	client := canned.Client(item)
	m := benchManager(tb, client, c)
	in := &dynamodb.GetItemInput{TableName: aws.String("app_session"), Key: dynamo.KeyOf(id.Handle()), ConsistentRead: new(true)}
	return rivals{
		func(ctx context.Context) error { _, err := m.Load(ctx, id.Secret()); return err },
		func(ctx context.Context) error { _, err := client.GetItem(ctx, in); return err },
	}
}

func saveRivals(tb testing.TB) rivals {
	tb.Helper()
	json := codec.JSON[six]{}
	item, id := cannedSession(tb, json)
	client := canned.Client(item)
	m := benchManager(tb, client, json)
	s, err := m.Load(tb.Context(), id.Secret())
	if err != nil {
		tb.Fatal(err)
	}
	store, err := dynamo.NewStore(client, nil)
	if err != nil {
		tb.Fatal(err)
	}
	p, err := json.Encode(s.Data)
	if err != nil {
		tb.Fatal(err)
	}
	rec := record()
	rec.Payload, rec.Rev = p, "fedcba9876543210fedcba9876543210"
	in, err := store.ReplaceInput(rec, "0123456789abcdef0123456789abcdef")
	if err != nil {
		tb.Fatal(err)
	}
	return rivals{
		func(ctx context.Context) error { s.Data.Visits++; return m.Save(ctx, s) },
		func(ctx context.Context) error { _, err := client.UpdateItem(ctx, in); return err },
	}
}

func benchManager(tb testing.TB, client *dynamodb.Client, c codec.Codec[six]) *sessions.Manager[six] {
	tb.Helper()
	store, err := dynamo.NewStore(client, nil)
	if err != nil {
		tb.Fatal(err)
	}
	m, err := sessions.New(store, &sessions.Config[six]{Codec: c, Clock: clock.NewFake(at)})
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

// run reports the median time of each, and their ratio. They take turns, ten calls each, so that
// the machine's load affects both alike. The network is a stub that answers at once, which is the
// worst case for the ratio.
func (r rivals) run(b *testing.B) {
	var ours, bare []time.Duration
	timed := func(call func(context.Context) error) time.Duration {
		begin := time.Now()
		if err := call(b.Context()); err != nil {
			b.Fatal(err)
		}
		return time.Since(begin)
	}
	for b.Loop() {
		for range 10 {
			ours = append(ours, timed(r.ours))
		}
		for range 10 {
			bare = append(bare, timed(r.bare))
		}
	}
	slices.Sort(ours)
	slices.Sort(bare)
	us, sdk := ours[len(ours)/2], bare[len(bare)/2]
	b.ReportMetric(0, "ns/op") // it would be of both together
	b.ReportMetric(float64(us), "ns/ours")
	b.ReportMetric(float64(sdk), "ns/SDK")
	b.ReportMetric(float64(us)/float64(sdk), "ours/SDK")
}

// BenchmarkLoad and the next ones measure what the library adds to the SDK's bare call for the same
// item, with data in JSON unless named otherwise.
func BenchmarkLoad(b *testing.B)            { loadRivals(b, codec.JSON[six]{}).run(b) }
func BenchmarkLoadMessagePack(b *testing.B) { loadRivals(b, msgpack.Codec[six]{}).run(b) }
func BenchmarkSave(b *testing.B)            { saveRivals(b).run(b) }

// BenchmarkCalls runs the same calls one after another, garbage collection included, for benchstat.
func BenchmarkCalls(b *testing.B) {
	load, save := loadRivals(b, codec.JSON[six]{}), saveRivals(b)
	for _, c := range []struct {
		name string
		call func(context.Context) error
	}{{"Load", load.ours}, {"SDK-GetItem", load.bare}, {"Save", save.ours}, {"SDK-UpdateItem", save.bare}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := c.call(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// A call of the store makes only a few more allocations than the SDK's call.
func TestAllocations(t *testing.T) {
	item, id := cannedSession(t, codec.JSON[six]{})
	client := canned.Client(item)
	store, err := dynamo.NewStore(client, nil)
	if err != nil {
		t.Fatal(err)
	}
	rec, err := store.Load(t.Context(), id.Handle())
	if err != nil {
		t.Fatal(err)
	}
	load, save := loadRivals(t, codec.JSON[six]{}), saveRivals(t)
	load.ours = func(ctx context.Context) error { _, err := store.Load(ctx, id.Handle()); return err }
	save.ours = func(ctx context.Context) error { return store.Replace(ctx, rec, "0123456789abcdef0123456789abcdef") }
	for name, c := range map[string]struct {
		rivals
		// Over the SDK's, which resolves its endpoint each time; a margin of two is included.
		most float64
	}{"Load": {load, 4}, "Replace": {save, 13}} {
		t.Run(name, func(t *testing.T) {
			count := func(call func(context.Context) error) float64 {
				return testing.AllocsPerRun(200, func() {
					if err := call(t.Context()); err != nil {
						t.Fatal(err)
					}
				})
			}
			ours, bare := count(c.ours), count(c.bare)
			t.Logf("%.0f allocations, the SDK's own %.0f", ours, bare)
			if ours > bare+c.most {
				t.Errorf("%.0f allocations, more than %.0f over the SDK's own %.0f", ours, c.most, bare)
			}
		})
	}
}

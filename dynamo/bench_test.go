package dynamo_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/msgpack"
	"github.com/dynasession/dynasession/dynamo"
	"github.com/dynasession/dynasession/integration/bench/canned"
	"github.com/dynasession/dynasession/sessions/driver"
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

// rivals are what the library does for a call, and the SDK's bare call for the same item.
type rivals struct{ ours, bare func(context.Context) error }

// cannedSession returns a DynamoDB that answers with a session in a codec's format.
func cannedSession(tb testing.TB, c codec.Codec[six]) (*canned.Kept, driver.Record) {
	tb.Helper()
	rec := record()
	rec.Rev = "fedcba9876543210fedcba9876543210"
	rec.Key = "4ee055b8a3f1c0d2e4f60718293a4b5c6d7e8f9000112233445566778899aabb"
	var err error
	rec.Payload, err = c.Encode(six{Name: "n", Locale: "de-AT", Theme: "dark", Visits: 12, Admin: true, Seen: at})
	if err != nil {
		tb.Fatal(err)
	}
	var service canned.Service
	if err := benchStore(tb, canned.Client(&service)).Create(tb.Context(), rec); err != nil {
		tb.Fatal(err)
	}
	return service.Keep(), rec
}

func loadRivals(tb testing.TB, c codec.Codec[six]) rivals {
	tb.Helper()
	item, rec := cannedSession(tb, c)
	client := canned.Client(item)
	store := benchStore(tb, client)
	in := &dynamodb.GetItemInput{TableName: aws.String("app_session"), Key: dynamo.KeyOf(rec.Key), ConsistentRead: new(true)}
	return rivals{
		func(ctx context.Context) error {
			rec, err := store.Load(ctx, rec.Key)
			if err != nil {
				return err
			}
			_, err = c.Decode(rec.Payload)
			return err
		},
		func(ctx context.Context) error { _, err := client.GetItem(ctx, in); return err },
	}
}

func saveRivals(tb testing.TB) rivals {
	tb.Helper()
	json := codec.JSON[six]{}
	item, rec := cannedSession(tb, json)
	client := canned.Client(item)
	store := benchStore(tb, client)
	in, err := store.ReplaceInput(rec, "0123456789abcdef0123456789abcdef")
	if err != nil {
		tb.Fatal(err)
	}
	var data six
	return rivals{
		func(ctx context.Context) error {
			data.Visits++
			rec := rec
			var err error
			if rec.Payload, err = json.Encode(data); err != nil {
				return err
			}
			return store.Replace(ctx, rec, "0123456789abcdef0123456789abcdef")
		},
		func(ctx context.Context) error { _, err := client.UpdateItem(ctx, in); return err },
	}
}

func benchStore(tb testing.TB, client *dynamodb.Client) *dynamo.Store {
	tb.Helper()
	store, err := dynamo.NewStore(client, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return store
}

// run reports the median time of either, and how they relate. They take turns, ten calls each, so that both meet the same weather. The
// network is a stub that answers at once: nothing else that an application's call takes makes the ratio smaller.
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
	b.ReportMetric(0, "ns/op") // of both together, which nobody asks for
	b.ReportMetric(float64(us), "ns/ours")
	b.ReportMetric(float64(sdk), "ns/SDK")
	b.ReportMetric(float64(us)/float64(sdk), "ours/SDK")
}

// What the library adds to the SDK's bare call for the same item, data in JSON if not said otherwise.
func BenchmarkLoad(b *testing.B)            { loadRivals(b, codec.JSON[six]{}).run(b) }
func BenchmarkLoadMessagePack(b *testing.B) { loadRivals(b, msgpack.Codec[six]{}).run(b) }
func BenchmarkSave(b *testing.B)            { saveRivals(b).run(b) }

// The same one after another, with what the garbage of each costs, for benchstat.
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

// A call makes hardly more allocations than the SDK's own for it, what the codec makes included.
func TestAllocations(t *testing.T) {
	for name, c := range map[string]struct {
		rivals
		most float64 // over the SDK's, with some room: under the race detector it is more
	}{
		"Load":             {loadRivals(t, codec.JSON[six]{}), 24},
		"Load MessagePack": {loadRivals(t, msgpack.Codec[six]{}), 21},
		"Save":             {saveRivals(t), 33},
	} {
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

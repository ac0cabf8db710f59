package operations

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/integration/bench"
	"github.com/dynasession/dynasession/integration/bench/canned"
)

// size returns the number of rounds, and of calls per turn. A turn is long enough for several
// garbage collections, so that their cost counts as it does in a service.
func size() (rounds, turn int) {
	if bench.Full() {
		return 40, 300
	}
	return 1, 5
}

// figures are the costs of a call.
type figures struct {
	turns         []time.Duration // the mean of each turn
	bytes, allocs float64
}

// time returns the median of the turns.
func (f figures) time() time.Duration { return bench.Percentile(slices.Clone(f.turns), 50) }

// over returns the ratio of f's time to g's, as the median over the rounds. Within a round both met
// the same load on the machine.
func (f figures) over(g figures) string {
	ratios := make([]float64, len(f.turns))
	for i := range ratios {
		ratios[i] = float64(f.turns[i]) / float64(g.turns[i])
	}
	slices.Sort(ratios)
	return fmt.Sprintf("%.2f", ratios[len(ratios)/2])
}

// measure times calls that take turns, so that all meet the same load on the machine. The first
// round is for warming up.
func measure(t *testing.T, calls ...call) []figures {
	t.Helper()
	is, ctx := is.New(t), t.Context()
	times := make([][]time.Duration, len(calls))
	rounds, turn := size()
	for round := range rounds + 1 {
		// In a fixed order, a due garbage collection would always fall on the same call.
		for _, i := range rand.Perm(len(calls)) {
			begin := time.Now()
			for range turn {
				is.NoErr(calls[i](ctx))
			}
			if round > 0 {
				times[i] = append(times[i], time.Since(begin)/time.Duration(turn))
			}
		}
	}
	all := make([]figures, len(calls))
	for i, call := range calls {
		const runs = 100
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		allocs := testing.AllocsPerRun(runs, func() { is.NoErr(call(ctx)) })
		runtime.ReadMemStats(&after)
		all[i] = figures{times[i], float64(after.TotalAlloc-before.TotalAlloc) / (runs + 1), allocs}
	}
	return all
}

// mostOver is how many allocations an operation may make beyond those of the SDK's calls and its
// codec: two more than it makes now. A bare SDK call makes 11 for the endpoint, which a store
// caches.
var mostOver = map[string]float64{"Load": 5, "Save": 19, "Create": 26, "Renew": 53}

func TestOperations(t *testing.T) {
	rounds, turn := size()
	table := bench.NewTable("Operations", fmt.Sprintf(
		"Operations on a session of six fields, with memstore and with package dynamo, beside the SDK's bare call "+
			"for the same request (two for a Renew) and beside encoding alone. DynamoDB is a stub of http.RoundTripper "+
			"that answers at once; in the column \"over net/http\" requests go through all of net/http's client, over "+
			"connections that answer at once. All take turns in one process, %d calls each, in changing order, including "+
			"the collection of their garbage. Times are medians of %d rounds, and ratios the medians of the rounds' ratios.",
		turn, rounds),
		"store", "operation", "codec", "time", "bytes", "allocations",
		"SDK's call", "allocations", "ratio", "over net/http", "encoding", "allocations")
	for _, operation := range operations {
		for _, c := range codecs {
			ours, bare := onDynamo(t, c.Codec, func(k *canned.Kept) http.RoundTripper { return k })
			oursHTTP, bareHTTP := onDynamo(t, c.Codec, func(k *canned.Kept) http.RoundTripper { return k.Transport() })
			got := measure(t, ours[operation], bare[operation], oursHTTP[operation], bareHTTP[operation],
				onMemory(t, c.Codec)[operation], encoding(t, c.Codec)[operation])
			dynamo, sdk, dynamoHTTP, sdkHTTP, memory, encoding := got[0], got[1], got[2], got[3], got[4], got[5]
			table.Row("dynamo", operation, c.name, dynamo.time(), dynamo.bytes, dynamo.allocs, sdk.time(), sdk.allocs,
				dynamo.over(sdk), dynamoHTTP.over(sdkHTTP), encoding.time(), encoding.allocs)
			table.Row("memstore", operation, c.name, memory.time(), memory.bytes, memory.allocs, "", "", "", "", encoding.time(), encoding.allocs)
			if over := dynamo.allocs - sdk.allocs - encoding.allocs; over > mostOver[operation] {
				t.Errorf("%s with %s makes %.0f allocations over the SDK's call and the codec, more than %.0f", operation, c.name, over, mostOver[operation])
			}
		}
	}
	table.Report(t)
}

package operations

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/integration/bench"
	"github.com/dynasession/dynasession/integration/bench/canned"
)

var (
	ratios  = flag.Bool("ratios", false, "also compare times, as just compare does")
	outFile = flag.String("figures", "", "write the figures to this `file`, for benchstat")
)

// released is the file with the last release's figures. It is written with UPDATE_GOLDEN=1 and
// -ratios.
const released = "../testdata/figures.txt"

// attempts is how often a ratio is measured before it counts as worse, since the machine may be
// busy.
const attempts = 3

// TestKept compares the figures with those of the last release. It fails if a ratio has grown by
// more than a tenth, or a call makes one more allocation.
//
// The ratio compares an operation with what an application would write by hand: the codec, a
// deadline, and the SDK's call. A ratio to the SDK's call alone would depend on the machine: the
// call evicts encoding/json from the processor's cache, and the busier the machine, the longer it
// takes to load it again.
func TestKept(t *testing.T) {
	is := is.New(t)
	pairs := keptPairs(t)
	got := bench.Figures{}
	for name, p := range pairs {
		p.measure(t, got, name)
	}
	if os.Getenv("UPDATE_GOLDEN") != "" && *ratios {
		is.NoErr(os.WriteFile(released, []byte(got.String()), 0o644))
		return
	}
	base := readReleased(t)
	for _, units := range base {
		if !*ratios {
			delete(units, bench.Ratio) // ratios are not measured
		}
	}
	worse := got.Worse(base)
	for n := 1; n < attempts && len(worse) > 0; n++ {
		again := bench.Figures{}
		for name := range worse {
			if p, ok := pairs[name]; ok {
				p.measure(t, again, name)
			}
		}
		got.Better(again)
		worse = got.Worse(base)
	}
	if *outFile != "" {
		is.NoErr(os.WriteFile(*outFile, []byte(got.String()), 0o644))
	}
	for _, name := range slices.Sorted(maps.Keys(worse)) {
		t.Errorf("%s: %s", name, worse[name])
	}
}

// The comparison fails for each figure that is worse than the last release's.
func TestKept_FindsWhatIsWorse(t *testing.T) {
	is := is.New(t)
	base := readReleased(t)
	is.Equal(readReleased(t).Worse(base), map[string]string{})
	is.Equal(len(base), len(operations)*len(codecs))
	for name := range base {
		for _, unit := range []string{bench.Ratio, bench.Allocations} {
			now := readReleased(t)
			for i := range now[name][unit] {
				now[name][unit][i] *= 1.11
				now[name][unit][i] += 0.01
			}
			worse := now.Worse(base)
			is.Equal(len(worse), 1)
			is.True(worse[name] != "")
		}
	}
}

func readReleased(t *testing.T) bench.Figures {
	t.Helper()
	is := is.New(t)
	f, err := os.Open(released)
	is.NoErr(err)
	defer f.Close()
	base, err := bench.ReadFigures(f)
	is.NoErr(err)
	is.True(len(base) > 0)
	return base
}

// pair is an operation, its equivalent written by hand, the bare SDK calls in it, and the encoding.
type pair struct{ ours, byHand, bare, encoding call }

func keptPairs(t *testing.T) map[string]pair {
	t.Helper()
	pairs := map[string]pair{}
	for _, c := range codecs {
		ours, bare := onDynamo(t, c.Codec, func(k *canned.Kept) http.RoundTripper { return k })
		encoding := encoding(t, c.Codec)
		for _, operation := range operations {
			bare, encoding := bare[operation], encoding[operation]
			byHand := func(ctx context.Context) error {
				ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
				defer cancel()
				if err := encoding(ctx); err != nil {
					return err
				}
				return bare(ctx)
			}
			pairs[fmt.Sprintf("Benchmark%s/%s", operation, c.name)] = pair{ours[operation], byHand, bare, encoding}
		}
	}
	return pairs
}

// measure measures p, and adds the results to f. The calls are made one at a time, in random order,
// and each ratio is one of medians.
func (p pair) measure(t *testing.T, f bench.Figures, name string) {
	t.Helper()
	is, ctx := is.New(t), t.Context()
	counted := func(c call) float64 { return testing.AllocsPerRun(100, func() { is.NoErr(c(ctx)) }) }
	allocs := counted(p.ours) - counted(p.bare) - counted(p.encoding)
	if !*ratios {
		f.Add(name, bench.Allocations, allocs)
		return
	}
	const rounds, turns = 8, 150
	calls := []call{p.ours, p.byHand, p.bare}
	for range rounds {
		times := make([][]time.Duration, len(calls))
		for range turns {
			for _, i := range rand.Perm(len(calls)) {
				begin := time.Now()
				is.NoErr(calls[i](ctx))
				times[i] = append(times[i], time.Since(begin))
			}
		}
		ours := float64(bench.Percentile(times[0], 50))
		f.Add(name, bench.Allocations, allocs)
		f.Add(name, bench.Ratio, rounded(ours/float64(bench.Percentile(times[1], 50))))
		f.Add(name, "times-SDK", rounded(ours/float64(bench.Percentile(times[2], 50))))
	}
}

// rounded returns x rounded to three decimal places.
func rounded(x float64) float64 { return float64(int(x*1000+0.5)) / 1000 }

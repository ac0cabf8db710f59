package memory_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/integration/bench"
)

// loads measures how fast two filled stores answer Load.
func loads(t *testing.T, ours, reference store) {
	n, rounds, at := count(), sized(15, 1), 0
	keys := make([]string, n)
	for i := range keys {
		keys[i] = key(i)
	}
	table := bench.NewTable("Load beside writes", fmt.Sprintf("%d sessions, %d rounds on %d cores, one store after the other in each. "+
		"Touches run beside the Loads. The ratio is the median of the rounds' ratios.", n, rounds, runtime.GOMAXPROCS(0)),
		"sessions called for", "goroutines", "touches", "memstore, calls/s", "a map and a mutex, calls/s", "ratio")
	for _, of := range []struct{ sessions, calls int }{
		{n, sized(32_000, 1_600)},
		{1000, sized(200_000, 1_600)}, // so few that the processor's cache holds them all
	} {
		for _, touches := range []int{0, 10} {
			for _, goroutines := range []int{1, 16} {
				l := loading{keys: keys[:of.sessions], goroutines: goroutines, touches: touches, calls: of.calls}
				var a, b, ratios []float64
				for range rounds {
					at++
					l.at = at
					x, y := l.rate(t, ours), l.rate(t, reference)
					a, b, ratios = append(a, x), append(b, y), append(ratios, x/y)
				}
				table.Row(of.sessions, goroutines, fmt.Sprint(touches, " %"), int(median(a)), int(median(b)), fmt.Sprintf("%.2f", median(ratios)))
			}
		}
	}
	table.Report(t)
}

// loading is a workload of mostly Load calls.
type loading struct {
	keys       []string
	goroutines int
	touches    int // percentage of calls that are touches
	calls      int // by all goroutines together
	at         int // the run's number; each run's touches are later than the last one's
}

// rate returns how many calls per second a store answers.
func (l loading) rate(t *testing.T, s store) float64 {
	is, ctx := is.New(t), t.Context()
	var wg sync.WaitGroup
	begin := time.Now()
	for g := range l.goroutines {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(l.at), uint64(g)))
			for i := range l.calls / l.goroutines {
				k := l.keys[r.IntN(len(l.keys))]
				if r.IntN(100) < l.touches {
					accessed := start.Add(time.Duration(l.at)*time.Second + time.Duration(i)*time.Microsecond)
					is.NoErr(s.Touch(ctx, k, accessed, accessed.Add(1000*time.Hour)))
					continue
				}
				_, err := s.Load(ctx, k)
				is.NoErr(err)
			}
		})
	}
	wg.Wait()
	return float64(l.calls) / time.Since(begin).Seconds()
}

func median(of []float64) float64 {
	slices.Sort(of)
	return of[len(of)/2]
}

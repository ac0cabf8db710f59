package memory_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"runtime/metrics"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/integration/bench"
)

// loads measures two stores that are filled.
func loads(t *testing.T, ours, reference store) {
	n, rounds, at := count(), sized(15, 1), 0
	keys := make([]string, n)
	for i := range keys {
		keys[i] = key(i)
	}
	table := bench.NewTable("Load beside writes", fmt.Sprintf("%d sessions, %d rounds on %d cores, one store after the other in each. "+
		"Beside the Loads there are Touches. The ratio is the median of the rounds'. A goroutine waits while another has the lock that it "+
		"needs.", n, rounds, runtime.GOMAXPROCS(0)),
		"sessions called for", "goroutines", "touches", "memstore, calls/s", "a map and a mutex, calls/s", "ratio",
		"memstore, time waited", "a map and a mutex, time waited")
	for _, of := range []struct{ sessions, calls int }{
		{n, sized(32_000, 1_600)},
		{1000, sized(200_000, 1_600)}, // the processor's cache has them all
	} {
		for _, touches := range []int{0, 10} {
			for _, goroutines := range []int{1, 16} {
				l := loading{keys: keys[:of.sessions], goroutines: goroutines, touches: touches, calls: of.calls}
				var a, b rates
				var ratios []float64
				for i := range rounds {
					at++
					l.at = at
					l.run(t, ours, &a)
					l.run(t, reference, &b)
					ratios = append(ratios, a.perSecond[i]/b.perSecond[i])
				}
				table.Row(of.sessions, goroutines, fmt.Sprint(touches, " %"), int(median(a.perSecond)), int(median(b.perSecond)),
					fmt.Sprintf("%.2f", median(ratios)), a.percentWaited(), b.percentWaited())
			}
		}
	}
	table.Report(t)
}

// rates are what rounds have shown of a store.
type rates struct {
	perSecond []float64 // calls
	waited    float64   // seconds for locks, of all goroutines together
	took      float64   // seconds, of all goroutines together
}

func (r *rates) percentWaited() string { return fmt.Sprintf("%.0f %%", 100*r.waited/r.took) }

// loading is a load of Loads.
type loading struct {
	keys       []string
	goroutines int
	touches    int // of a hundred calls
	calls      int // by all goroutines
	at         int // the number of the run: its touches are later than those before
}

// run puts a store under the load.
func (l loading) run(t *testing.T, s store, sum *rates) {
	is, ctx := is.New(t), t.Context()
	var wg sync.WaitGroup
	before, begin := waitedForLocks(), time.Now()
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
	took := time.Since(begin).Seconds()
	sum.perSecond = append(sum.perSecond, float64(l.calls)/took)
	sum.waited += waitedForLocks() - before
	sum.took += took * float64(l.goroutines)
}

// waitedForLocks returns for how many seconds all goroutines together have done so.
func waitedForLocks() float64 {
	sample := []metrics.Sample{{Name: "/sync/mutex/wait/total:seconds"}}
	metrics.Read(sample)
	return sample[0].Value.Float64()
}

func median(of []float64) float64 {
	slices.Sort(of)
	return of[len(of)/2]
}

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
	n, rounds, calls := count(), sized(21, 1), sized(32_000, 1_600)
	keys := make([]string, n)
	for i := range keys {
		keys[i] = key(i)
	}
	table := bench.NewTable("Load beside writes", fmt.Sprintf("%d sessions, %d calls in each of %d rounds on %d cores, one store after the "+
		"other in each. Beside the Loads there are Touches. The ratio is the median of the "+
		"rounds'. A goroutine waits while another has the lock that it needs.", n, calls, rounds, runtime.GOMAXPROCS(0)),
		"sessions called for", "goroutines", "touches", "memstore, calls/s", "a map and a mutex, calls/s", "ratio",
		"memstore, time waited", "a map and a mutex, time waited")
	for _, of := range []int{n, 1000} {
		for _, touches := range []int{0, 10} {
			for _, goroutines := range []int{1, 16} {
				l := loading{keys: keys[:of], goroutines: goroutines, touches: touches, calls: calls}
				var a, b, ratios, waitedA, waitedB []float64
				for range rounds {
					l.at++
					x, waitedX := l.rate(t, ours)
					y, waitedY := l.rate(t, reference)
					a, b, ratios = append(a, x), append(b, y), append(ratios, x/y)
					waitedA, waitedB = append(waitedA, waitedX), append(waitedB, waitedY)
				}
				table.Row(of, goroutines, fmt.Sprint(touches, " %"), int(median(a)), int(median(b)), fmt.Sprintf("%.2f", median(ratios)),
					fmt.Sprintf("%.0f %%", 100*mean(waitedA)), fmt.Sprintf("%.0f %%", 100*mean(waitedB)))
			}
		}
	}
	table.Report(t)
}

// loading is a load of Loads.
type loading struct {
	keys       []string
	goroutines int
	touches    int // of a hundred calls
	calls      int // by all goroutines
	at         int // the round, whose touches are later than those before
}

// rate returns how many calls a second a store answers, and which part of their time the goroutines waited for locks.
func (l loading) rate(t *testing.T, s store) (perSecond, waited float64) {
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
	return float64(l.calls) / took, (waitedForLocks() - before) / took / float64(l.goroutines)
}

// waitedForLocks returns for how many seconds all goroutines together have done so.
func waitedForLocks() float64 {
	sample := []metrics.Sample{{Name: "/sync/mutex/wait/total:seconds"}}
	metrics.Read(sample)
	return sample[0].Value.Float64()
}

func mean(of []float64) float64 {
	var sum float64
	for _, f := range of {
		sum += f
	}
	return sum / float64(len(of))
}

func median(of []float64) float64 {
	slices.Sort(of)
	return of[len(of)/2]
}

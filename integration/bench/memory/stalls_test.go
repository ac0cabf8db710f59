package memory_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/integration/bench"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/memstore"
)

// TestStallsWhileSweeping repeatedly lets a thirteenth of all sessions expire and sweeps it.
func TestStallsWhileSweeping(t *testing.T) {
	is := is.New(t)
	const waves = 12
	wave := count() / (waves + 1)
	c := clock.NewFake(start)
	s := memstore.New(&memstore.Config{Clock: c})
	for w := range waves {
		for i := range wave {
			is.NoErr(s.Create(t.Context(), record(w*wave+i, time.Duration(w+1)*time.Hour)))
		}
	}
	r := run{next: waves * wave, creates: wave / 8}
	for range wave {
		rec := r.fresh()
		r.keys = append(r.keys, rec.Key)
		is.NoErr(s.Create(t.Context(), rec))
	}
	table := bench.NewTable("Stalls while sweeping", fmt.Sprintf("%d sessions on %d cores. In each of %d rounds %d of them have expired, and are "+
		"swept by goroutines that create, touch and replace others, while as many load. \"No store\" is the same loop over a function that "+
		"computes a hash: what its calls wait for is the machine. %s", count(), runtime.GOMAXPROCS(0), waves, wave, reading),
		append([]string{"store", "goroutines", "garbage collection"}, columns...)...)
	want := s.Len()
	runtime.GC()
	for _, kind := range []struct {
		pairs int
		collection
	}{{1, off}, {1, asItComes}, {1, allTheTime}, {8, allTheTime}} {
		var ours, none times
		r.pairs, r.collection = kind.pairs, kind.collection
		for range waves / 4 {
			r.round(t, &noStore{}, &none)
			c.Advance(time.Hour)
			r.round(t, s, &ours)
			want += r.creates/r.pairs*r.pairs - wave
			is.Equal(s.Len(), want) // exactly the expired sessions were swept
		}
		ours.row(table, "memstore", 2*kind.pairs, kind.collection)
		none.row(table, "no store", 2*kind.pairs, kind.collection)
	}
	table.Report(t)
}

// run is a workload with as many writes as loads.
type run struct {
	keys    []string // of live sessions
	next    int      // the next session's number
	pairs   int      // pairs of a writing and a loading goroutine
	creates int      // per round, with as many touches and as many replaces
	collection
}

// fresh returns a record that does not expire.
func (r *run) fresh() driver.Record {
	r.next++
	return record(r.next-1, 999*time.Hour)
}

// round runs one round of the workload on a store, and adds all its calls to sum.
func (r *run) round(t *testing.T, s store, sum *times) {
	is, ctx := is.New(t), t.Context()
	each := r.creates / r.pairs
	var all []*times
	var loops []func(*times) error
	for p := range r.pairs {
		var fresh []driver.Record
		for range each {
			fresh = append(fresh, r.fresh())
		}
		accessed := start.Add(time.Duration(r.next) * time.Microsecond)
		random := rand.New(rand.NewPCG(uint64(r.next), uint64(p)))
		loops = append(loops, func(ts *times) (err error) {
			for i, rec := range fresh {
				next := rec
				next.Rev += "+"
				err = errors.Join(err,
					ts.add(func() error { return s.Create(ctx, rec) }),
					ts.add(func() error { return s.Touch(ctx, r.keys[i%len(r.keys)], accessed, accessed.Add(1000*time.Hour)) }),
					ts.add(func() error { return s.Replace(ctx, next, rec.Rev) }))
			}
			return err
		}, func(ts *times) (err error) {
			for range 3 * each {
				k := r.keys[random.IntN(len(r.keys))]
				err = errors.Join(err, ts.add(func() error {
					_, err := s.Load(ctx, k)
					return err
				}))
			}
			return err
		})
	}
	end := r.collection.begin()
	var wg sync.WaitGroup
	for _, loop := range loops {
		ts := newTimes(3 * each)
		all = append(all, ts)
		wg.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			is.NoErr(loop(ts))
		})
	}
	wg.Wait()
	end()
	for _, ts := range all {
		sum.addAll(ts)
	}
}

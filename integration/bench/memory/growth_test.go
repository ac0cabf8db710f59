package memory_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/integration/bench"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/memstore"
)

// TestStallsWhileGrowing fills empty stores: maps and queues grow meanwhile, and what grows may be copied.
func TestStallsWhileGrowing(t *testing.T) {
	is := is.New(t)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	all := make([]sessions.Record, count())
	for i := range all {
		all[i] = record(i, time.Hour)
	}
	table := bench.NewTable("Stalls while growing", fmt.Sprintf("The Creates of %d sessions in an empty store, by one goroutine. %s",
		len(all), reading), append([]string{"store", "garbage collection"}, columns...)...)
	for _, c := range []collection{off, asItComes} {
		for _, m := range []struct {
			name string
			store
		}{{"memstore", memstore.New(&memstore.Config{Clock: clock.NewFake(start)})}, {"a map and a mutex", newOneMap()}} {
			runtime.GC() // the store before
			ts := newTimes(len(all))
			end := c.begin()
			for _, rec := range all {
				is.NoErr(ts.add(func() error { return m.Create(t.Context(), rec) }))
			}
			end()
			runtime.KeepAlive(m.store)
			ts.row(table, m.name, c)
		}
	}
	table.Report(t)
}

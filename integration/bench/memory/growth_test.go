package memory_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/integration/bench"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/memstore"
)

// TestStallsWhileGrowing fills empty stores. Their maps and queues grow, and growing may mean
// copying.
func TestStallsWhileGrowing(t *testing.T) {
	is := is.New(t)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	all := make([]driver.Record, count())
	for i := range all {
		all[i] = record(i, time.Hour)
	}
	table := bench.NewTable("Stalls while growing", fmt.Sprintf("The Creates of %d sessions in an empty store, by one goroutine. %s",
		len(all), reading), append([]string{"store", "garbage collection"}, columns...)...)
	memory := func() store { return memstore.New(&memstore.Config{Clock: clock.NewFake(start)}) }
	func() { // takes the memory that each store will need, so that none waits for the kernel
		defer off.begin()()
		s := memory()
		for _, rec := range all {
			is.NoErr(s.Create(t.Context(), rec))
		}
	}()
	for _, kind := range []struct {
		name  string
		empty func() store
		collection
	}{
		{"memstore", memory, off},
		{"a map and a mutex", func() store { return newOneMap() }, off},
		{"memstore", memory, asItComes},
	} {
		runtime.GC() // frees the previous store
		s, ts := kind.empty(), newTimes(len(all))
		end := kind.begin()
		for _, rec := range all {
			is.NoErr(ts.add(func() error { return s.Create(t.Context(), rec) }))
		}
		end()
		ts.row(table, kind.name, kind.collection)
	}
	table.Report(t)
}

package memory_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"
	"unsafe"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/integration/bench"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/memstore"
)

// mostExtraBytes is how many bytes memstore may take per session beyond those of a map of records.
// It needs them for sweeping.
const mostExtraBytes = 128

// TestBytesAndLoads fills memstore and a map, and measures their memory first and then their loads.
// One test does both, because filling the stores takes longest.
func TestBytesAndLoads(t *testing.T) {
	ours, reference := memstore.New(&memstore.Config{Clock: clock.NewFake(start)}), newOneMap()
	size(t, ours, reference)
	loads(t, ours, reference)
}

// size fills two stores and measures their memory.
func size(t *testing.T, s, m store) {
	is := is.New(t)
	n := count()
	each := func(n int, fill func(n int)) int {
		before := live()
		fill(n)
		return int(live()-before)/n - payloadBytes
	}
	var all []driver.Record
	given := each(n/10, func(n int) {
		all = make([]driver.Record, n)
		for i := range all {
			all[i] = record(i, time.Hour)
		}
	}) - int(unsafe.Sizeof(driver.Record{}))
	key, rev := len(all[0].Key), len(all[0].Rev)
	all = nil
	ours := each(n, func(n int) { fill(t, s, n) })
	reference := each(n, func(n int) { fill(t, m, n) })
	runtime.KeepAlive(s)
	runtime.KeepAlive(m)
	table := bench.NewTable("Bytes per session", fmt.Sprintf("%d sessions with a payload of %d bytes. What comes with a session "+
		"is the text of its key (%d bytes) and of its rev (%d), and what codec.Opaque wraps around the payload's bytes.",
		n, payloadBytes, key, rev),
		"store", "over the payload", "came with the session", "the store's own")
	table.Row("memstore", ours, given, ours-given)
	table.Row("map[string]driver.Record", reference, given, reference-given)
	table.Report(t)
	is.True(ours < reference+mostExtraBytes)
}

// live returns the number of bytes in use.
func live() uint64 {
	for range 2 { // twice, to free objects with finalizers
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

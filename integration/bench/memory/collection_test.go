package memory_test

import (
	"runtime"
	"runtime/debug"
	"sync/atomic"
)

// collection is how often the garbage collector runs.
type collection string

const (
	off        collection = "off"
	asItComes  collection = "as it comes"
	allTheTime collection = "all the time"
)

// begin makes the garbage collector run that often until end is called.
func (c collection) begin() (end func()) {
	switch c {
	case off:
		percent := debug.SetGCPercent(-1)
		return func() { debug.SetGCPercent(percent) }
	case allTheTime:
		var over atomic.Bool
		done := make(chan struct{})
		go func() {
			defer close(done)
			for !over.Load() {
				runtime.GC()
			}
		}()
		return func() {
			over.Store(true)
			<-done
		}
	default:
		return func() {}
	}
}

// Package memstore keeps sessions in the memory of the process: for unit tests, and for a server
// that is alone and may forget its sessions when it restarts.
//
//	clk := clock.NewFake(time.Now())
//	store := memstore.New(&memstore.Config{Clock: clk})
//	m, err := sessions.New[Cart](store, nil) // tells the time by clk too
//
// It keeps the whole contract of [driver.Store] and has no limit of size. It runs no goroutine:
// each write also sweeps a few of the records, markers and rosters that have expired.
package memstore

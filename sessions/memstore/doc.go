// Package memstore keeps sessions in memory, for unit tests, and for a single server that may lose
// its sessions when it restarts.
//
//	clk := clock.NewFake(time.Now())
//	store := memstore.New(&memstore.Config{Clock: clk})
//	m, err := sessions.New[Cart](store, nil) // tells the time by clk too
//
// It implements the whole contract of [driver.Store] and has no size limit. It starts no goroutine:
// each write also deletes a few expired records, markers and rosters.
package memstore

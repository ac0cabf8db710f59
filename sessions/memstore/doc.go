// Package memstore keeps sessions in the memory of the process: for unit tests, and for a server that is alone and may forget.
//
//	clk := clock.NewFake(time.Now())
//	store := memstore.New(&memstore.Config{Clock: clk})
//	m, err := sessions.New[Cart](store, &sessions.Config[Cart]{Clock: clk})
//
// It keeps the whole contract of [sessions.Store], as the DynamoDB store does, and has no limit of size. Calls for different
// sessions rarely wait for each other. It runs no goroutine: what has expired is swept when something is written, a little at a time,
// and whichever session that was.
package memstore

package memstore_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/memstore"
)

// A unit test of code that uses sessions needs neither a database nor patience.
func Example() {
	type Cart struct{ Items []string }

	now := clock.NewFake(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
	store := memstore.New(&memstore.Config{Clock: now})
	m, err := sessions.New[Cart](store, nil)
	if err != nil {
		panic(err)
	}

	ctx := context.Background()
	s, err := m.CreateAndSave(ctx, Cart{Items: []string{"tea"}})
	if err != nil {
		panic(err)
	}

	now.Advance(2*time.Hour - time.Second)
	_, err = m.Load(ctx, s.ID().Secret())
	fmt.Println("after 1:59:59 idle:", err)

	now.Advance(2 * time.Hour)
	_, err = m.Load(ctx, s.ID().Secret())
	fmt.Println("after 2:00:00 idle:", errors.Is(err, sessions.ErrExpired))

	// Output:
	// after 1:59:59 idle: <nil>
	// after 2:00:00 idle: true
}

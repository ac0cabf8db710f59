package memstore_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/memstore"
)

// A unit test of code that uses sessions needs no database and doesn't wait.
func Example() {
	ctx := context.Background()
	must := func(err error) {
		if err != nil {
			log.Fatal(err)
		}
	}
	type Cart struct{ Items []string }

	now := clock.NewFake(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
	store := memstore.New(&memstore.Config{Clock: now}) // the Manager uses its clock
	m, err := sessions.New[Cart](store, nil)
	must(err)

	s, err := m.CreateAndSave(ctx, Cart{Items: []string{"tea"}})
	must(err)
	now.Advance(2 * time.Hour)
	_, err = m.Load(ctx, s.ID().Secret())
	fmt.Println(errors.Is(err, sessions.ErrExpired))
	// Output: true
}

package store_test

import (
	"fmt"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/integration/engine"
	"github.com/dynasession/dynasession/integration/faults"
	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/storetest"
)

func TestStore_KeepsTheContract(t *testing.T) {
	store := engine.Store(t, engine.NewTable(t))
	storetest.Run(t, func(*testing.T) driver.Store { return store })
}

// LoadAll returns all records even if DynamoDB returns them in parts.
func TestStore_ReadsThatComeInParts(t *testing.T) {
	is := is.New(t)
	network := faults.New(nil, 1, faults.Rates{faults.Partial: 0.9})
	store := engine.Store(t, engine.NewTable(t), network.Client)
	var keys []string
	for i := range driver.MaxBatch {
		keys = append(keys, fmt.Sprint("key-", i))
		if i%2 == 0 {
			is.NoErr(store.Create(t.Context(), record(keys[i])))
		}
	}
	for range 5 {
		loaded, err := store.LoadAll(t.Context(), keys)
		is.NoErr(err)
		for i, l := range loaded {
			if i%2 == 0 {
				is.NoErr(l.Err)
				is.Equal(l.Record.Key, keys[i])
			} else {
				wants.Err(t, l.Err, driver.ErrNotFound)
			}
		}
	}
	is.True(network.Counts()[faults.Partial] > 10)
}

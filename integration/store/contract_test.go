package store_test

import (
	"testing"

	"github.com/dynasession/dynasession/integration/engine"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/storetest"
)

func TestStore_KeepsTheContract(t *testing.T) {
	store := engine.Store(t, engine.NewTable(t))
	storetest.Run(t, func(*testing.T) driver.Store { return store })
}

package driver_test

import (
	"testing"

	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/storetest"
)

func TestExampleStore_KeepsTheContract(t *testing.T) {
	storetest.Run(t, func(*testing.T) driver.Store { return newMapStore() })
}

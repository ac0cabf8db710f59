package storetest_test

import (
	"testing"

	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/memstore"
	"github.com/dynasession/dynasession/sessions/storetest"
)

func TestRun_MemstorePasses(t *testing.T) {
	storetest.Run(t, func(*testing.T) driver.Store { return memstore.New(nil) })
}

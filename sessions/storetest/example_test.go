package storetest_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/memstore"
	"github.com/dynasession/dynasession/sessions/storetest"
)

// lossy forgets every touch.
type lossy struct{ driver.Store }

func (lossy) Touch(context.Context, string, time.Time, time.Time) error { return nil }

// Check tests a store outside of a test, such as one on a new version of a database.
func ExampleCheck() {
	err := storetest.Check(context.Background(), func() driver.Store { return lossy{memstore.New(nil)} })
	broken, _ := errors.AsType[*storetest.RuleError](err)
	fmt.Println(broken.Rule)
	fmt.Println(broken.Sentence)
	// Output:
	// touch: moves the times
	// Touch records an access: it sets the record's Accessed to accessed, and the time from which the store may sweep it to expires.
}

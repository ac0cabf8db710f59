package regional_test

import (
	"context"
	"fmt"

	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/memstore"
	"github.com/dynasession/dynasession/sessions/regional"
)

// A service reads the home from its configuration, and calls SetHome when it changes.
func Example() {
	// dynamo.Open with each Region, in a service.
	ireland, virginia := memstore.New(nil), memstore.New(nil)
	store, err := regional.New(map[string]driver.Store{"eu-west-1": ireland, "us-east-1": virginia}, &regional.Config{Home: "eu-west-1"})
	if err != nil {
		panic(err)
	}
	m, err := sessions.New[string](store, nil)
	if err != nil {
		panic(err)
	}
	ctx := context.Background()
	if _, err := m.CreateAndSave(ctx, "hello"); err != nil {
		panic(err)
	}
	fmt.Println(store.Home(), ireland, virginia)

	// To move it while both Regions work: stop, wait for replication, go on.
	for _, home := range []string{"", "us-east-1"} {
		if err := store.SetHome(home); err != nil {
			panic(err)
		}
	}
	if _, err := m.CreateAndSave(ctx, "hello"); err != nil {
		panic(err)
	}
	fmt.Println(store.Home(), ireland, virginia)
	// Output:
	// eu-west-1 memstore of 1 sessions memstore of 0 sessions
	// us-east-1 memstore of 1 sessions memstore of 1 sessions
}

package event_test

import (
	"context"
	"fmt"

	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/event"
	"github.com/dynasession/dynasession/sessions/memstore"
)

// counter counts events by their kind.
type counter map[event.Kind]int

func (c counter) Observe(_ context.Context, e event.Event) { c[e.Kind]++ }

// alarm reports IDs that can be nobody's.
type alarm struct{}

func (alarm) Observe(_ context.Context, e event.Event) {
	if e.Kind == event.InvalidID {
		fmt.Println("somebody guesses:", e.Op)
	}
}

func ExampleMulti() {
	ctx, counts := context.Background(), counter{}
	m, err := sessions.New(memstore.New(nil), &sessions.Config[int]{Observer: event.Multi(counts, alarm{})})
	if err != nil {
		panic(err)
	}
	s, _ := m.CreateAndSave(ctx, 1)
	_, _ = m.Load(ctx, s.ID().Secret())
	_, _ = m.Load(ctx, "12345")
	fmt.Println(counts[event.Created], counts[event.Loaded], counts[event.InvalidID])
	// Output:
	// somebody guesses: load
	// 1 1 1
}

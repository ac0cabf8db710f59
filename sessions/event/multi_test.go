package event_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions/event"
)

// notes is an observer that notes what it is told, and by which context.
type notes struct {
	name string
	said *[]string
}

type nameKey struct{}

func (n notes) Observe(ctx context.Context, e event.Event) {
	*n.said = append(*n.said, fmt.Sprintf("%s observes %s in %v", n.name, e.Kind, ctx.Value(nameKey{})))
}

// starts is one that starts something too.
type starts struct{ notes }

func (s starts) Start(ctx context.Context, op string) context.Context {
	*s.said = append(*s.said, fmt.Sprintf("%s starts %s in %v", s.name, op, ctx.Value(nameKey{})))
	return context.WithValue(ctx, nameKey{}, s.name)
}

// breaks is one that panics, whatever it is asked.
type breaks struct{}

func (breaks) Observe(context.Context, event.Event)          { panic("observe") }
func (breaks) Start(context.Context, string) context.Context { panic("start") }

// gone is one whose Start returns no context.
type gone struct{}

func (gone) Observe(context.Context, event.Event)          {}
func (gone) Start(context.Context, string) context.Context { return nil }

func TestMulti_NestsWhatStarts(t *testing.T) {
	is := is.New(t)
	var said []string
	all := event.Multi(
		starts{notes{"a", &said}}, nil, breaks{}, notes{"b", &said}, gone{}, event.Multi(starts{notes{"c", &said}}),
	)
	ctx := all.(event.StartObserver).Start(t.Context(), "load")
	is.Equal(ctx.Value(nameKey{}), "c") // the innermost is that of the store's calls
	all.Observe(ctx, event.Event{Kind: event.Loaded})
	is.Equal(said, []string{
		"a starts load in <nil>", "c starts load in a",
		"c observes loaded in c", "b observes loaded in a", "a observes loaded in a",
	})
}

// An event without a start, and two Multis at a time, are nobody else's.
func TestMulti_KeepsContextsApart(t *testing.T) {
	is := is.New(t)
	var said []string
	one, two := event.Multi(starts{notes{"a", &said}}), event.Multi(starts{notes{"b", &said}})
	ctx := one.(event.StartObserver).Start(t.Context(), "load")
	two.Observe(ctx, event.Event{Kind: event.Loaded})
	one.Observe(t.Context(), event.Event{Kind: event.Saved})
	is.Equal(said, []string{"a starts load in <nil>", "b observes loaded in a", "a observes saved in <nil>"})
}

func TestMulti_OfNobody(t *testing.T) {
	is := is.New(t)
	none := event.Multi(nil, nil)
	is.Equal(none.(event.StartObserver).Start(t.Context(), "load"), t.Context())
	none.Observe(t.Context(), event.Event{})
}

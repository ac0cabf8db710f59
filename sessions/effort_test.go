package sessions

import (
	"testing"

	"github.com/matryer/is"
)

func TestEffort_OfNobodyWhoWantsToKnow(t *testing.T) {
	is := is.New(t)
	e := EffortOf(t.Context())
	is.True(e == nil)
	e.Recovered()
	e.Hedged()
	e.Consumed(1, 1)
	is.True(!e.WantsCapacity())
}

func TestEffort_SumsUp(t *testing.T) {
	is := is.New(t)
	m, err := New(keptInMap{}, &Config[int]{Observer: LogObserver(nil), ObserveCapacity: true})
	is.NoErr(err)
	ctx, w := m.watch(t.Context(), "load")
	EffortOf(ctx).Consumed(1, 2)
	EffortOf(ctx).Consumed(0.5, 0)
	EffortOf(ctx).Hedged()
	EffortOf(ctx).Hedged()
	is.Equal(w.effort.hedges, 2)
	is.True(EffortOf(ctx).WantsCapacity())
	is.Equal(w.effort.reads, 1.5)
	is.Equal(w.effort.writes, 2.0)
}

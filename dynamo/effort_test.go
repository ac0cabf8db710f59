package dynamo_test

import (
	"context"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/sessions"
)

// seen is an observer that keeps the last event of each kind.
type seen map[sessions.EventKind]sessions.Event

func (s seen) Observe(_ context.Context, e sessions.Event) { s[e.Kind] = e }

func TestEffort_AskedForIsTold(t *testing.T) {
	const one = `{"ConsumedCapacity":{"TableName":"t","CapacityUnits":1}}`
	for _, asked := range []bool{true, false} {
		is := is.New(t)
		store, w := newStore(t, ok(one))
		events := seen{}
		m, err := sessions.New[int](store, &sessions.Config[int]{Observer: events, ObserveCapacity: asked})
		is.NoErr(err)
		s, err := m.CreateAndSave(t.Context(), 1)
		is.NoErr(err)
		w.answers = []answer{ok(`{"ConsumedCapacity":[{"TableName":"t","CapacityUnits":4},{"TableName":"u","CapacityUnits":2}]}`)}
		is.NoErr(m.Renew(t.Context(), s))
		if asked {
			is.Equal(events[sessions.EventCreated].WriteUnits, 1.0)
			is.Equal(events[sessions.EventRenewed].WriteUnits, 6.0)
			is.Equal(w.sent[0].body["ReturnConsumedCapacity"], "TOTAL")
		} else {
			is.Equal(w.sent[0].body["ReturnConsumedCapacity"], nil)
		}
	}
}

func TestEffort_ALoadIsTold(t *testing.T) {
	for _, asked := range []bool{true, false} {
		is := is.New(t)
		store, w := newStore(t, ok(`{"Item":{`+whole+`},"ConsumedCapacity":{"TableName":"t","CapacityUnits":1.5}}`))
		events := seen{}
		m, err := sessions.New(store, &sessions.Config[struct{}]{Observer: events, ObserveCapacity: asked, Clock: clock.NewFake(at)})
		is.NoErr(err)
		_, err = m.Load(t.Context(), m.Create().ID().Secret())
		is.NoErr(err)
		is.Equal(events[sessions.EventLoaded].ReadUnits, 1.5)
		is.Equal(events[sessions.EventLoaded].WriteUnits, 0.0)
		is.Equal(w.sent[0].body["ReturnConsumedCapacity"] == "TOTAL", asked)
	}
}

func TestEffort_ARecoveredWriteIsTold(t *testing.T) {
	is := is.New(t)
	events := seen{}
	store, w := newStore(t, ok(`{}`))
	m, err := sessions.New[int](store, &sessions.Config[int]{Observer: events})
	is.NoErr(err)
	s := m.Create()
	rev := ""
	w.answers = []answer{cut, {hook: func(r request) answer {
		rev = w.sent[0].body["Item"].(map[string]any)["rev"].(map[string]any)["S"].(string)
		return conditionFailed(rev)
	}}}
	is.NoErr(m.Save(t.Context(), s))
	is.True(rev != "")
	_, recovered := events[sessions.EventRecovered]
	is.True(recovered)
}

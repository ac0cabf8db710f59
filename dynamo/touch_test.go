package dynamo_test

import (
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/dynamo"
	"github.com/dynasession/dynasession/sessions"
)

func TestTouchOutcomes(t *testing.T) {
	testOutcomes(t, "Touch", []attempts{
		{"applied", []answer{fine}, nil, 1},
		{"later already", []answer{conditionFailed("theirs")}, nil, 1},
		{"gone", []answer{conditionFailed("")}, sessions.ErrNotFound, 1},
		{"lost, then gone", []answer{cut, conditionFailed("")}, sessions.ErrNotFound, 2},
		{"lost, then later", []answer{cut, conditionFailed("theirs")}, nil, 2},
	})
}

func TestTouchRequest(t *testing.T) {
	testRequest(t, "touch", func(s *dynamo.Store) error { return s.Touch(t.Context(), "k", at, at.Add(time.Hour)) })
}

// A touch must not send what it read before: that would roll back a save.
func TestTouchSendsTimesOnly(t *testing.T) {
	is := is.New(t)
	store, w := newStore(t, fine)
	is.NoErr(store.Touch(t.Context(), "k", at, at.Add(time.Hour)))
	is.Equal(w.sent[0].body["UpdateExpression"], "SET accessed = :a, expires = :e")
	is.Equal(len(w.sent[0].body["ExpressionAttributeValues"].(map[string]any)), 2)
}

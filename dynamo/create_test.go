package dynamo_test

import (
	"testing"

	"github.com/dynasession/dynasession/dynamo"
	"github.com/dynasession/dynasession/sessions"
)

func TestCreateOutcomes(t *testing.T) {
	testOutcomes(t, "Create", []attempts{
		{"applied", []answer{fine}, nil, 1},
		{"exists", []answer{conditionFailed("theirs")}, sessions.ErrExists, 1},
		{"exists without rev", []answer{conditionFailed("")}, sessions.ErrExists, 1},
		{"lost, then ours", []answer{cut, conditionFailed("ours")}, nil, 2},
		{"repeated call, ours", []answer{conditionFailed("ours")}, nil, 1},
		{"lost, then theirs", []answer{cut, conditionFailed("theirs")}, sessions.ErrOutcomeUnknown, 2},
		{"500, then ours", []answer{broken500, conditionFailed("ours")}, nil, 2},
		{"half an answer, then ours", []answer{down503, conditionFailed("ours")}, nil, 2},
		{"throttled, then applied", []answer{throttled, fine}, nil, 2},
		{"throttled, then theirs", []answer{throttled, conditionFailed("theirs")}, sessions.ErrExists, 2},
		{"never dialed, then theirs", []answer{noDial, conditionFailed("theirs")}, sessions.ErrExists, 2},
		{"conflict, then applied", []answer{conflict, conflict, fine}, nil, 3},
	})
}

func TestCreateRequest(t *testing.T) {
	testRequest(t, "create", func(s *dynamo.Store) error { return s.Create(t.Context(), record()) })
	testRequest(t, "create_with_all", func(s *dynamo.Store) error { return s.Create(t.Context(), signedIn()) })
}

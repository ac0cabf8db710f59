package dynamo_test

import (
	"testing"

	"github.com/dynasession/dynasession/dynamo"
	"github.com/dynasession/dynasession/sessions"
)

func TestReplaceOutcomes(t *testing.T) {
	testOutcomes(t, "Replace", []attempts{
		{"applied", []answer{fine}, nil, 1},
		{"changed", []answer{conditionFailed("theirs")}, sessions.ErrConflict, 1},
		{"gone", []answer{conditionFailed("")}, sessions.ErrNotFound, 1},
		{"lost, then ours", []answer{cut, conditionFailed("ours")}, nil, 2},
		{"lost, then base", []answer{cut, fine}, nil, 2},
		{"lost, then another writer", []answer{cut, conditionFailed("theirs")}, sessions.ErrOutcomeUnknown, 2},
		{"lost, then gone", []answer{eof, conditionFailed("")}, sessions.ErrOutcomeUnknown, 2},
		{"unreadable, then another writer", []answer{halfOK, conditionFailed("theirs")}, sessions.ErrOutcomeUnknown, 1},
		{"conflict, then another writer", []answer{conflict, conditionFailed("theirs")}, sessions.ErrConflict, 2},
		{"another Region", []answer{refusedWith(400, "ReplicatedWriteConflictException", ""), fine}, nil, 2},
	})
}

func TestReplaceRequest(t *testing.T) {
	testRequest(t, "replace", func(s *dynamo.Store) error { return s.Replace(t.Context(), record(), "base") })
	testRequest(t, "replace_without_rev", func(s *dynamo.Store) error { return s.Replace(t.Context(), record(), "") })
	testRequest(t, "replace_with_all", func(s *dynamo.Store) error { return s.Replace(t.Context(), signedIn(), "base") })
}

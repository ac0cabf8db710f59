package dynamo_test

import (
	"strings"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/dynamo"
	"github.com/dynasession/dynasession/sessions"
)

func TestRenameOutcomes(t *testing.T) {
	testOutcomes(t, "Rename", []attempts{
		{"applied", []answer{fine}, nil, 1},
		{"gone", []answer{cancelled("None", "ConditionalCheckFailed")}, sessions.ErrNotFound, 1},
		{"changed", []answer{cancelled("None", "ConditionalCheckFailed@theirs")}, sessions.ErrConflict, 1},
		{"taken", []answer{cancelled("ConditionalCheckFailed@theirs", "None")}, sessions.ErrExists, 1},
		{"ours long ago", []answer{cancelled("ConditionalCheckFailed@ours", "ConditionalCheckFailed")}, nil, 1},
		{"lost, then the token knows", []answer{cut, fine}, nil, 2},
		{"lost, then refused: never applied", []answer{cut, cancelled("None", "ConditionalCheckFailed@theirs")}, sessions.ErrConflict, 2},
		{"conflict twice, then applied", []answer{cancelled("TransactionConflict", "None"), cancelled("None", "TransactionConflict"), fine}, nil, 3},
		{"throttled inside, then applied", []answer{cancelled("ThrottlingError", "TransactionConflict"), fine}, nil, 2},
		{"conflict and refusal", []answer{cancelled("TransactionConflict", "ConditionalCheckFailed@theirs")}, sessions.ErrConflict, 1},
		{"in progress, then applied", []answer{refusedWith(400, "TransactionInProgressException", ""), fine}, nil, 2},
		{"invalid inside", []answer{cancelled("ValidationError", "None")}, sessions.ErrUnavailable, 1},
	})
}

func TestRenameRequest(t *testing.T) {
	testRequest(t, "rename", func(s *dynamo.Store) error { return s.Rename(t.Context(), "from", record(), "base") })
	testRequest(t, "rename_without_rev", func(s *dynamo.Store) error { return s.Rename(t.Context(), "from", record(), "") })
}

// One logical write has one token, whichever call and attempt sends it; another write has another.
func TestRenameTokenNamesTheWrite(t *testing.T) {
	is := is.New(t)
	token := func(from string, rec sessions.Record) string {
		store, w := newStore(t, cut, fine)
		is.NoErr(store.Rename(t.Context(), from, rec, "base"))
		first, second := w.sent[0].body["ClientRequestToken"].(string), w.sent[1].body["ClientRequestToken"].(string)
		is.Equal(first, second) // both attempts of one call
		is.True(len(first) <= 36)
		return first
	}
	is.Equal(token("from", record()), token("from", record())) // and a later call
	other := record()
	other.Rev = "another"
	is.True(token("from", other) != token("from", record()))
	is.True(token("elsewhere", record()) != token("from", record()))
}

func TestRenameToItselfIsRefused(t *testing.T) {
	is := is.New(t)
	store, w := newStore(t, fine)
	err := store.Rename(t.Context(), "k", record(), "base")
	is.True(err != nil)
	is.True(strings.Contains(err.Error(), "the key that it has"))
	is.Equal(len(w.sent), 0)
}

package dynamo_test

import (
	"testing"

	"github.com/dynasession/dynasession/dynamo"
)

func TestDeleteOutcomes(t *testing.T) {
	testOutcomes(t, "Delete", []attempts{
		{"applied", []answer{fine}, nil, 1},
		{"lost, then applied", []answer{cut, fine}, nil, 2},
		{"conflict, then applied", []answer{conflict, fine}, nil, 2},
	})
}

func TestDeleteRequest(t *testing.T) {
	testRequest(t, "delete", func(s *dynamo.Store) error { return s.Delete(t.Context(), "k") })
}

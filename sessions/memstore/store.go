package memstore

import (
	"fmt"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/sessions"
)

// Config sets up a [Store]. A nil Config is the zero one.
type Config struct {
	// Clock tells what has expired and may be swept. Give it the Manager's. Defaults to the system's clock, held back to the
	// latest time that a Manager has written: so no session of a Manager with a clock of the past is swept while it lives.
	Clock clock.Clock
}

// Store is a [sessions.Store] in memory. It is safe for concurrent use. Printed, it shows how many records it has and none of them.
type Store struct {
	clock clock.Clock   // nil: the system's, held back to latest
	table func() *table // a function, which no verb of fmt looks into
}

var _ sessions.Store = (*Store)(nil)

// New returns an empty store.
func New(cfg *Config) *Store {
	t := newTable()
	s := &Store{table: func() *table { return t }}
	if cfg != nil {
		s.clock = cfg.Clock
	}
	return s
}

// Len returns how many records are kept, expired ones that have not been swept yet included.
func (s *Store) Len() int { return s.table().len() }

// String tells how many records there are.
func (s *Store) String() string { return fmt.Sprintf("memstore of %d sessions", s.Len()) }

// GoString is String.
func (s *Store) GoString() string { return s.String() }

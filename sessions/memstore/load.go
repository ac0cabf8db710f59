package memstore

import (
	"context"

	"github.com/dynasession/dynasession/sessions"
)

// Load is [sessions.Store]'s. It changes nothing, and any number of them go on at a time.
func (s *Store) Load(ctx context.Context, key string) (sessions.Record, error) {
	if err := begin(ctx); err != nil {
		return sessions.Record{}, err
	}
	sh := s.table().shard(key)
	sh.RLock()
	defer sh.RUnlock()
	e, ok := sh.entries[key]
	if !ok {
		return sessions.Record{}, sessions.ErrNotFound
	}
	return e.record(), nil
}

package memstore

import "time"

// sweepsPerWrite is how many expired records a write removes at most: more than it adds, so that they don't pile up, and few,
// so that no write has to wait for a million of them.
const sweepsPerWrite = 4

// sweep removes some of the records that have expired. The table is locked.
func (s *Store) sweep(t *table) {
	now := s.now(t)
	for range sweepsPerWrite {
		if len(t.queue) == 0 || t.queue[0].expires.After(now) {
			return
		}
		t.remove(t.queue[0])
	}
}

func (s *Store) now(t *table) time.Time {
	if s.clock != nil {
		return s.clock.Now()
	}
	if now := time.Now(); now.Before(t.latest) {
		return now
	}
	return t.latest
}

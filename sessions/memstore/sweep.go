package memstore

import "time"

// sweepsPerWrite is at how many entries that may have expired a write looks at most: more than it adds, so that they don't pile up, and
// few, so that no write has to wait for a million of them. Those that have expired it removes.
const sweepsPerWrite = 4

// sweep sweeps the shard of the given number, and then around: one that nobody writes to is swept by those who write to others. No
// shard is locked, and one at a time will be.
func (s *Store) sweep(t *table, from int) {
	now, left := s.now(t), sweepsPerWrite
	for i := 0; i < shardCount && left > 0; i++ {
		number := (from + i) % shardCount
		if t.due[number].Load() <= now {
			left -= t.sweep(number, now, left)
		}
	}
}

// sweep sweeps a shard.
func (t *table) sweep(number int, now int64, most int) int {
	t.lock(1 << number)
	defer t.unlock(1 << number)
	return t.shards[number].sweep(now, most)
}

// now returns the second by which is swept.
func (s *Store) now(t *table) int64 {
	if s.clock != nil {
		return s.clock.Now().Unix()
	}
	return min(time.Now().Unix(), t.latest.Load())
}

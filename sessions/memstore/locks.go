package memstore

import "math/bits"

// shardSet is a set of shards: a bit for each of their numbers.
//
// Who needs several shards locks them in the order of their numbers, before the first change, and whoever holds any locks no other: so there
// is no circle of waiting. None is unlocked before the last change: so nobody sees a part of what one call does.
type shardSet uint64

// first returns the lowest number in the set, shardCount if it is empty.
func (set shardSet) first() int { return bits.TrailingZeros64(uint64(set)) }

// rest returns the set without its first.
func (set shardSet) rest() shardSet { return set & (set - 1) }

// of returns the shards of the keys.
func (t *table) of(keys ...string) shardSet {
	var set shardSet
	for _, key := range keys {
		set |= 1 << t.number(key)
	}
	return set
}

// locked does a change while shards are locked.
func (t *table) locked(set shardSet, change func(*table) error) error {
	t.lock(set)
	defer t.unlock(set)
	return change(t)
}

// lock locks shards, in the order of their numbers.
func (t *table) lock(set shardSet) {
	for ; set != 0; set = set.rest() {
		t.shards[set.first()].Lock()
	}
}

// unlock unlocks shards, and notes when to look at them next.
func (t *table) unlock(set shardSet) {
	for ; set != 0; set = set.rest() {
		i := set.first()
		sh, due := &t.shards[i], &t.due[i]
		if next := sh.next(); due.Load() != next { // most changes leave it, and those who read it in peace
			due.Store(next)
		}
		sh.Unlock()
	}
}

package memstore

import (
	"hash/maphash"
	"math"
	"sync/atomic"
	"time"
)

// shardCount is how many shards there are: enough that calls rarely meet at one, and few enough for a set of them to be a number's bits.
const shardCount = 64

// table is all that a Store keeps, in shards by the hash of the key.
type table struct {
	shards [shardCount]shard
	seed   maphash.Seed
	latest atomic.Int64 // the latest second that a Manager has written

	// due is what next returned when each shard was unlocked last, to be read without its lock. It is not in the shard, so that those who
	// look through all of it find it in a few cache lines, which seldom change.
	due [shardCount]atomic.Int64
}

func newTable() *table {
	t := &table{seed: maphash.MakeSeed()}
	for i := range t.shards {
		t.shards[i].entries, t.shards[i].rosters = map[string]*entry{}, map[string]*entry{}
		t.due[i].Store(math.MaxInt64)
	}
	t.latest.Store(math.MinInt64)
	return t
}

// shard returns the one that has the records and rosters of key.
func (t *table) shard(key string) *shard { return &t.shards[t.number(key)] }

func (t *table) number(key string) int { return int(maphash.String(t.seed, key) % shardCount) }

// entry returns the record of key, whose shard is locked.
func (t *table) entry(key string) (*entry, bool) {
	e, ok := t.shard(key).entries[key]
	return e, ok
}

// saw notes times that a Manager has written.
func (t *table) saw(times ...time.Time) {
	for _, at := range times {
		for {
			latest := t.latest.Load()
			if at.Unix() <= latest || t.latest.CompareAndSwap(latest, at.Unix()) {
				break
			}
		}
	}
}

// len returns how many records there are.
func (t *table) len() int {
	for i := range t.shards {
		t.shards[i].RLock()
	}
	n := 0
	for i := range t.shards {
		n += len(t.shards[i].entries)
		t.shards[i].RUnlock()
	}
	return n
}

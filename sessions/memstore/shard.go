package memstore

import (
	"container/heap"
	"math"
	"sync"

	"github.com/dynasession/dynasession/sessions"
)

// shard is what one lock guards: the records and rosters of some keys, and the queue in which they expire.
type shard struct {
	sync.RWMutex
	entries map[string]*entry
	rosters map[string]*entry
	queue   queue
	_       [64]byte // keeps the locks of two shards out of one cache line
}

// put stores rec, which takes the place of the record of its key.
func (sh *shard) put(rec sessions.Record) {
	expires := rec.ExpiresAt().Unix()
	if e, ok := sh.entries[rec.Key]; ok {
		e.set(rec)
		sh.expire(e, expires)
		return
	}
	e := &entry{expires: expires}
	e.set(rec)
	sh.entries[rec.Key] = e
	heap.Push(&sh.queue, e)
}

// enter stores a roster that is new.
func (sh *shard) enter(e *entry) {
	sh.rosters[e.key] = e
	heap.Push(&sh.queue, e)
}

// expire sets from which second on e may be swept.
func (sh *shard) expire(e *entry, at int64) {
	e.expires = at
	if p := &sh.queue[e.index]; at < p.at {
		p.at = at
		heap.Fix(&sh.queue, e.index)
	}
}

// remove removes e.
func (sh *shard) remove(e *entry) {
	heap.Remove(&sh.queue, e.index)
	if e.roster != nil {
		delete(sh.rosters, e.key)
		return
	}
	delete(sh.entries, e.key)
}

// sweep looks at no more than so many entries that may have expired, and returns at how many. One that has is removed, and one that lives on
// has its place in the queue put right.
func (sh *shard) sweep(now int64, most int) int {
	for looked := range most {
		if sh.next() > now {
			return looked
		}
		p := &sh.queue[0]
		if p.expires <= now {
			sh.remove(p.entry)
			continue
		}
		p.at = p.expires
		heap.Fix(&sh.queue, 0)
	}
	return most
}

// next returns the second from which there is something to look at.
func (sh *shard) next() int64 {
	if len(sh.queue) == 0 {
		return math.MaxInt64
	}
	return sh.queue[0].at
}

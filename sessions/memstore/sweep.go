package memstore

import "container/heap"

// sweepsPerWrite is how many entries that may have expired a write looks at. It is more than a
// write adds, so that expired entries don't pile up, and few enough that a write is never slow.
const sweepsPerWrite = 4

// sweep looks at a few entries that may have expired at now. It removes those that have expired,
// and moves the others to their new place in the queue.
func (t *table) sweep(now int64) {
	for range sweepsPerWrite {
		if len(t.queue) == 0 || t.queue[0].at > now {
			return
		}
		if next := &t.queue[0]; next.expires > now {
			next.at = next.expires
			heap.Fix(&t.queue, 0)
			continue
		}
		t.remove(t.queue[0].entry)
	}
}

func (t *table) remove(e *entry) {
	heap.Remove(&t.queue, e.index)
	if e.roster != nil {
		delete(t.rosters, e.key)
		return
	}
	delete(t.sessions, e.key)
	if e.record != nil {
		t.records--
	}
}

// queue is a heap of entries, for container/heap: the one to look at next comes first. An entry
// that expires later than before, as after each touch, keeps its place until a sweep looks at it.
type queue []place

// place says when to look at an entry, never later than it expires. It has the time itself, not the
// entry, since the heap compares times often.
type place struct {
	at int64 // the second since 1970
	*entry
}

func (q *queue) add(e *entry) { heap.Push(q, e) }

// expire sets the second from which e may be swept.
func (q *queue) expire(e *entry, at int64) {
	e.expires = at
	if p := &(*q)[e.index]; at < p.at {
		p.at = at
		heap.Fix(q, e.index)
	}
}

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].at < q[j].at }

func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].index, q[j].index = i, j
}

func (q *queue) Push(x any) {
	e := x.(*entry)
	e.index = len(*q)
	*q = append(*q, place{e.expires, e})
}

func (q *queue) Pop() any {
	last := len(*q) - 1
	e := (*q)[last].entry
	(*q)[last] = place{} // for the garbage collector
	*q = (*q)[:last]
	return e
}

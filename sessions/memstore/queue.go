package memstore

// queue is a heap of entries, the one that is to be looked at next first, for container/heap. That an entry expires later than it did,
// which is what each touch brings, moves nothing: it is found out when the entry is looked at.
type queue []place

// place is when to look at an entry: not after it expires. It is here, since a heap compares it often, and the entry is far away.
type place struct {
	at int64 // the second since 1970
	*entry
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
	(*q)[last] = place{} // let go of it
	*q = (*q)[:last]
	return e
}

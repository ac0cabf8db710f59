package memstore

import (
	"container/heap"
	"math/rand/v2"
	"testing"

	"github.com/matryer/is"
)

func TestQueue_GivesTheNextToExpire(t *testing.T) {
	is := is.New(t)
	r := rand.New(rand.NewPCG(1, 2))
	var q queue
	var all []*entry
	for range 200 {
		e := &entry{expires: r.Int64N(50)}
		all = append(all, e)
		q.add(e)
	}
	for _, e := range all[:100] { // some entries change their time, some leave
		q[e.index].at = r.Int64N(50)
		heap.Fix(&q, e.index)
	}
	for _, e := range all[150:] {
		heap.Remove(&q, e.index)
	}
	last := int64(0)
	for n := 150; n > 0; n-- {
		is.Equal(q.Len(), n)
		at, e := q[0].at, q[0].entry
		is.Equal(e.index, 0)
		is.Equal(heap.Pop(&q).(*entry), e)
		is.True(at >= last)
		last = at
	}
}

func TestQueue_LetsGoOfWhatItGave(t *testing.T) {
	is := is.New(t)
	q := make(queue, 0, 1)
	q.add(&entry{})
	heap.Pop(&q)
	is.Equal(q[:1][0], place{})
}

package memstore

import (
	"container/heap"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/matryer/is"
)

func TestQueue_GivesTheNextToExpire(t *testing.T) {
	is := is.New(t)
	r := rand.New(rand.NewPCG(1, 2))
	var q queue
	var all []*entry
	for range 200 {
		e := &entry{expires: time.Unix(r.Int64N(50), 0)}
		all = append(all, e)
		heap.Push(&q, e)
	}
	for _, e := range all[:100] { // some change their time, some leave
		e.expires = time.Unix(r.Int64N(50), 0)
		heap.Fix(&q, e.index)
	}
	for _, e := range all[150:] {
		heap.Remove(&q, e.index)
	}
	last := time.Time{}
	for n := 150; n > 0; n-- {
		is.Equal(q.Len(), n)
		e := heap.Pop(&q).(*entry)
		is.True(!e.expires.Before(last))
		last = e.expires
	}
}

func TestQueue_LetsGoOfWhatItGave(t *testing.T) {
	is := is.New(t)
	q := make(queue, 0, 1)
	heap.Push(&q, &entry{})
	heap.Pop(&q)
	is.Equal(q[:1][0], nil)
}

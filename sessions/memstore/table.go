package memstore

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/dynasession/dynasession/sessions"
)

// table is what a Store's lock guards.
type table struct {
	sync.RWMutex
	entries map[string]*entry
	rosters map[string]*entry
	queue   queue
	latest  time.Time // the latest time that a Manager has written
}

// entry is a record or a roster, when it may be swept, and where it stands in the queue.
type entry struct {
	rec     sessions.Record
	roster  *sessions.Roster // nil: it is a record
	expires time.Time
	index   int
}

// put stores rec, which takes the place of the record of its key.
func (t *table) put(rec sessions.Record) {
	e, ok := t.entries[rec.Key]
	if !ok {
		e = &entry{rec: rec, expires: rec.ExpiresAt()}
		t.entries[rec.Key] = e
		heap.Push(&t.queue, e)
		return
	}
	e.rec = rec
	t.expire(e, rec.ExpiresAt())
}

// expire sets when e may be swept.
func (t *table) expire(e *entry, at time.Time) {
	e.expires = at
	heap.Fix(&t.queue, e.index)
}

// remove removes e.
func (t *table) remove(e *entry) {
	heap.Remove(&t.queue, e.index)
	if e.roster != nil {
		delete(t.rosters, e.roster.Key)
		return
	}
	delete(t.entries, e.rec.Key)
}

// putRoster stores one that is new.
func (t *table) putRoster(e *entry, expires time.Time) {
	e.expires = expires
	t.rosters[e.roster.Key] = e
	heap.Push(&t.queue, e)
}

// saw notes a time that a Manager has written.
func (t *table) saw(times ...time.Time) {
	for _, at := range times {
		if at.After(t.latest) {
			t.latest = at
		}
	}
}

// begin refuses a context that is done.
func begin(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%w: %w", sessions.ErrUnavailable, err)
	}
	return nil
}

// stored returns rec as it is kept: times to the microsecond in UTC, timeouts to the second.
func stored(rec sessions.Record) (sessions.Record, error) {
	switch {
	case rec.Key == "":
		return rec, errors.New("memstore: Record.Key is empty")
	case rec.Payload == nil:
		return rec, errors.New("memstore: Record.Payload is nil")
	case rec.Payload.Format() == "":
		return rec, errors.New("memstore: Record.Payload has no format")
	}
	rec.Created, rec.Accessed = micros(rec.Created), micros(rec.Accessed)
	rec.IdleTimeout = rec.IdleTimeout.Truncate(time.Second)
	rec.AbsoluteTimeout = rec.AbsoluteTimeout.Truncate(time.Second)
	return rec, nil
}

func micros(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

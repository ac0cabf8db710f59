package regions

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/sessions/driver"
)

// World is a global table with a replica in each Region. A write is stored in one Region until
// Replicate copies it to the others. If the others have a version of the item, the later write wins
// as a whole; a deletion is also a version. Nothing happens on its own. With Strong, as with
// multi-Region strong consistency, all Regions always have the same items, and there is no TTL.
type World struct {
	Clock  *clock.Fake
	Strong bool

	mu       sync.Mutex
	writes   int64 // the number of writes in all Regions
	replicas map[string]*replica
	waiting  []change
	cut      map[string]bool // Regions that are cut off from the others
	down     map[string]bool // Regions whose table does not answer
}

// change is a write on its way to a Region.
type change struct {
	from, to, key string
	item          item
}

// item is the content of a key: a record, a marker or a roster. A deleted item has none of them.
type item struct {
	written int64 // its number in the order of all writes
	record  *driver.Record
	marker  *driver.Marker
	roster  *driver.Roster
	expires time.Time // when TTL may delete it
}

func (i item) isEmpty() bool { return i.record == nil && i.marker == nil && i.roster == nil }

// replica is the table in one Region.
type replica struct {
	region string
	items  map[string]item
}

// NewWorld returns a world with an empty table in each Region.
func NewWorld(c *clock.Fake, regions ...string) *World {
	w := &World{Clock: c, replicas: map[string]*replica{}, cut: map[string]bool{}, down: map[string]bool{}}
	for _, region := range regions {
		w.replicas[region] = &replica{region, map[string]item{}}
	}
	return w
}

// Replicate copies writes to all Regions, except from or to Regions that are cut off or down. It
// returns the number of copies.
func (w *World) Replicate() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	isStuck := func(region string) bool { return w.cut[region] || w.down[region] }
	n := len(w.waiting)
	w.waiting = slices.DeleteFunc(w.waiting, func(c change) bool {
		if isStuck(c.from) || isStuck(c.to) {
			return false
		}
		if to := w.replicas[c.to]; to.items[c.key].written < c.item.written {
			to.items[c.key] = c.item
		}
		return true
	})
	return n - len(w.waiting)
}

// Cut cuts a Region off from the others, or reconnects it.
func (w *World) Cut(region string, off bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut[region] = off
}

// Fail makes a Region's table unavailable, or available again.
func (w *World) Fail(region string, down bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.down[region] = down
}

// Expire deletes the expired items of a Region's table. Like all writes, the deletions replicate.
// It returns their number.
func (w *World) Expire(region string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.Strong || w.replicas[region] == nil {
		return 0
	}
	n, now := 0, w.Clock.Now()
	for _, key := range slices.Sorted(maps.Keys(w.replicas[region].items)) {
		if i := w.replicas[region].items[key]; !i.isEmpty() && !i.expires.After(now) {
			w.put(region, key, item{})
			n++
		}
	}
	return n
}

// Len returns the number of items in a Region's table.
func (w *World) Len(region string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.replicas[region] == nil {
		return 0
	}
	n := 0
	for _, i := range w.replicas[region].items {
		if !i.isEmpty() {
			n++
		}
	}
	return n
}

// put stores a version of an item in a Region and queues it for the others. The caller must hold
// the lock.
func (w *World) put(region, key string, i item) {
	w.writes++
	i.written = w.writes
	w.replicas[region].items[key] = i
	for _, other := range slices.Sorted(maps.Keys(w.replicas)) {
		switch {
		case other == region:
		case w.Strong:
			w.replicas[other].items[key] = i
		default:
			w.waiting = append(w.waiting, change{region, other, key, i})
		}
	}
}

// reach returns the items of a Region for a host in the same or another Region. The caller must
// hold the lock.
func (w *World) reach(from, to string) (map[string]item, error) {
	if w.down[to] {
		return nil, fmt.Errorf("%w: %s is down", driver.ErrUnavailable, to)
	}
	if from != to && (w.cut[from] || w.cut[to]) {
		return nil, fmt.Errorf("%w: %s can't be reached from %s", driver.ErrUnavailable, to, from)
	}
	return w.replicas[to].items, nil
}

// Store returns a store for a host in the Region from that uses the table in the Region at.
func (w *World) Store(from, at string) driver.Store { return &store{w, from, at} }

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

// World is a global table with a replica in each Region. A write is stored in the Region that is
// asked, and waits there until Replicate takes it to the others. There, of two versions of one item
// the later one stays, whole: a deletion is a version too. Nothing happens by itself. With Strong,
// as with multi-Region strong consistency, all Regions have the same items at once, and no TTL.
type World struct {
	Clock  *clock.Fake
	Strong bool

	mu       sync.Mutex
	writes   int64 // counts the writes of all Regions, in their order
	replicas map[string]*replica
	waiting  []change
	cut      map[string]bool // Regions that nobody outside reaches, nor they anybody
	down     map[string]bool // Regions whose table answers nobody
}

// change is a version of an item on its way into a Region.
type change struct {
	from, to, key string
	item          item
}

// item is what a key holds: a record, a marker or a roster, or nothing any more.
type item struct {
	written int64 // when it was, in the order of all writes
	record  *driver.Record
	marker  *driver.Marker
	roster  *driver.Roster
	expires time.Time // from when TTL may delete it
}

func (i item) isEmpty() bool { return i.record == nil && i.marker == nil && i.roster == nil }

// replica is the table in one Region.
type replica struct {
	region string
	items  map[string]item
}

// NewWorld returns a world with empty tables in some Regions.
func NewWorld(c *clock.Fake, regions ...string) *World {
	w := &World{Clock: c, replicas: map[string]*replica{}, cut: map[string]bool{}, down: map[string]bool{}}
	for _, region := range regions {
		w.replicas[region] = &replica{region, map[string]item{}}
	}
	return w
}

// Replicate takes every write to where it can go: neither from nor into a Region that is cut off or
// down. It returns how many it has taken.
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

// Cut cuts a Region off from the others, or brings it back.
func (w *World) Cut(region string, off bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut[region] = off
}

// Fail makes a Region's table answer nobody, or brings it back.
func (w *World) Fail(region string, down bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.down[region] = down
}

// Expire deletes from a Region's table what has expired there. As any write, that replicates. It
// returns how many items it has deleted.
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

// Len returns how many items a Region's table has.
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

// put stores a version of an item in a Region and sends it to the others. The lock is held.
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

// reach returns the items of a Region as a host in another, or in the same, sees them. The lock is
// held.
func (w *World) reach(from, to string) (map[string]item, error) {
	if w.down[to] {
		return nil, fmt.Errorf("%w: %s is down", driver.ErrUnavailable, to)
	}
	if from != to && (w.cut[from] || w.cut[to]) {
		return nil, fmt.Errorf("%w: %s can't be reached from %s", driver.ErrUnavailable, to, from)
	}
	return w.replicas[to].items, nil
}

// Store returns the store of the table in the Region at, as a host in the Region from calls it.
func (w *World) Store(from, at string) driver.Store { return &store{w, from, at} }

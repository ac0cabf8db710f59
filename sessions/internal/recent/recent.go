// Package recent is a store between a Manager and its store that remembers loaded records for
// Config.PeekFor. It starts no goroutine: later calls drop records that are too old.
package recent

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/jellydator/ttlcache/v3"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/sessions/driver"
)

// Bounds says how long a record is remembered, and how many bytes all of them may take.
type Bounds struct {
	For   time.Duration
	Bytes int
}

// Store is a [driver.Store] that remembers the records that it has loaded, encrypted if they are
// stored encrypted. [Store.Peek] may return one of them. All other calls go to the store below.
//
// When a call that may change or end a session returns, the Store forgets the session, whether or
// not the call succeeded. It also forgets a session that a call finds gone. A read that is under
// way at that moment is not remembered, since it may have seen the earlier state. So a Peek never
// returns an older state than a call had stored or returned before the Peek began.
type Store struct {
	store  driver.Store
	now    func() time.Time
	bounds Bounds

	mu      sync.Mutex
	records *ttlcache.Cache[string, memory]
	reads   map[string][]*read // under way, by key, in order of their start
	begun   int64              // counts the reads
	ends    map[owner]end      // the last end of a session of each owner, if it is recent
	oldest  []end              // all recent ends, oldest first
}

// memory is a record, and when the read that found it began.
type memory struct {
	rec   driver.Record
	began moment
}

// moment is a time by the Manager's clock and by this process's monotonic clock, which nobody can
// set. The number orders reads and ends.
type moment struct {
	wall, process time.Time
	n             int64
}

// owner identifies a session's user.
type owner struct{ application, subject string }

// end notes that a session of an owner has ended.
type end struct {
	owner owner
	at    moment
}

// read is a call of Load that is under way.
type read struct {
	began     moment
	overtaken bool           // changed, or found gone, since: the read may find the earlier state
	beside    *driver.Record // found by another read that ended while this one was under way
	torn      bool           // such reads have found different records
	done      chan struct{}  // closed when the read has ended
	rec       driver.Record  // found by this read
	succeeded bool
	gaveUp    bool // its context was done
}

// sees notes what a read has found while r was under way.
func (r *read) sees(rec *driver.Record) {
	r.torn = r.torn || r.beside != nil && !isSame(*r.beside, *rec)
	r.beside = rec
}

// isSame reports whether two reads have certainly found the same state.
func isSame(a, b driver.Record) bool {
	return a.Rev != "" && a.Rev == b.Rev && a.Accessed.Equal(b.Accessed) && bytes.Equal(a.Binding, b.Binding)
}

// New returns a Store in front of store that tells the time by now.
func New(store driver.Store, bounds Bounds, now func() time.Time) *Store {
	cost := func(item ttlcache.CostItem[string, memory]) uint64 { return uint64(sizeOf(item.Value.rec)) }
	return &Store{
		store: store, now: now, bounds: bounds, reads: map[string][]*read{}, ends: map[owner]end{},
		records: ttlcache.New(ttlcache.WithMaxCost(uint64(bounds.Bytes), cost), ttlcache.WithDisableTouchOnHit[string, memory]()),
	}
}

func (s *Store) moment() moment { return moment{wall: s.now().Round(0), process: time.Now()} }

// isFresh reports whether a record that was read at began may be returned at now. Setting a clock
// back doesn't make it younger.
func (s *Store) isFresh(began, now moment) bool {
	age := now.wall.Sub(began.wall)
	return age >= 0 && age < s.bounds.For && now.process.Sub(began.process) < s.bounds.For
}

// isGood reports whether a record may be returned at now: it is fresh, and no session of its owner
// has ended in this process since. The ended session may be this one, if another process gave it a
// new ID, under which it was ended here. The lock is held.
func (s *Store) isGood(m memory, now moment) bool {
	last, ended := s.ends[owner{m.rec.Application, m.rec.Subject}]
	return s.isFresh(m.began, now) && (!ended || last.at.n < m.began.n)
}

// Peek returns the record of key, either from the store or, with remembered true, as a read found
// it that began less than Bounds.For ago. Concurrent Peeks share one read, which the first of them
// makes. No caller gets another's error: if the read fails each caller makes its own, and if the
// caller that made it has given up another takes over.
func (s *Store) Peek(ctx context.Context, key string) (rec driver.Record, remembered bool, err error) {
	for ctx.Err() == nil {
		now := s.moment()
		s.mu.Lock()
		if item := s.records.Get(key); item != nil && s.isGood(item.Value(), now) {
			rec = item.Value().rec
			s.mu.Unlock()
			return clone(rec), true, nil
		}
		reads := s.reads[key]
		if len(reads) == 0 || reads[len(reads)-1].overtaken || !s.isFresh(reads[len(reads)-1].began, now) {
			own := s.begin(key, now)
			s.mu.Unlock()
			rec, err = s.load(ctx, key, own)
			return rec, false, err
		}
		other := reads[len(reads)-1]
		s.mu.Unlock()
		select {
		case <-other.done:
		case <-ctx.Done():
			continue
		}
		if other.gaveUp {
			continue
		}
		if s.hasSucceeded(other) {
			return clone(other.rec), true, nil
		}
		break
	}
	rec, err = s.Load(ctx, key) // if ctx is done, the store returns the error
	return rec, false, err
}

// hasSucceeded reports whether the record that another caller's read has found may be returned now.
func (s *Store) hasSucceeded(other *read) bool {
	now := s.moment()
	s.mu.Lock()
	defer s.mu.Unlock()
	return other.succeeded && !other.overtaken && s.isGood(memory{other.rec, other.began}, now)
}

// Load implements [driver.Store].
func (s *Store) Load(ctx context.Context, key string) (driver.Record, error) {
	now := s.moment()
	s.mu.Lock()
	own := s.begin(key, now)
	s.mu.Unlock()
	return s.load(ctx, key, own)
}

// begin notes a read. The lock is held.
func (s *Store) begin(key string, now moment) *read {
	s.sweep(now)
	s.begun++
	now.n = s.begun
	own := &read{began: now, done: make(chan struct{})}
	s.reads[key] = append(s.reads[key], own)
	return own
}

// load makes the read own, which begin has noted.
func (s *Store) load(ctx context.Context, key string, own *read) (rec driver.Record, err error) {
	err = driver.ErrUnavailable // if the store panics
	defer func() {
		own.gaveUp = err != nil && ctx.Err() != nil
		s.finish(key, own, rec, err)
	}()
	rec, err = s.store.Load(ctx, key)
	return rec, err
}

// finish notes the result of a read, and wakes the callers that wait for it.
func (s *Store) finish(key string, own *read, rec driver.Record, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer close(own.done)
	s.reads[key] = slices.DeleteFunc(s.reads[key], func(r *read) bool { return r == own })
	if len(s.reads[key]) == 0 {
		delete(s.reads, key)
	}
	switch {
	case errors.Is(err, driver.ErrUnavailable): // nothing is known
		return
	case err != nil:
		s.forget(key)
		return
	}
	own.rec = clone(rec)
	for _, other := range s.reads[key] {
		other.sees(&own.rec)
	}
	switch {
	case own.torn, own.beside != nil && !isSame(*own.beside, rec):
		s.forget(key) // nobody knows which of two concurrent reads has seen the later state
	case !own.overtaken:
		own.succeeded = true
		s.remember(key, memory{own.rec, own.began})
	}
}

// remember keeps a record if it is a session's and fits within Bounds.Bytes. The lock is held.
func (s *Store) remember(key string, m memory) {
	s.records.Delete(key)
	if !driver.Reserved(key) && sizeOf(m.rec) <= s.bounds.Bytes {
		s.records.Set(key, m, ttlcache.NoTTL)
	}
}

// forget drops the record of a key, and keeps reads of it from being remembered. The lock is held.
func (s *Store) forget(key string) {
	s.records.Delete(key)
	for _, r := range s.reads[key] {
		r.overtaken = true
	}
}

// mostEnds bounds how many ends are remembered. Beyond that everything is forgotten, which costs a
// few reads more.
const mostEnds = 4096

// forgetAll is forget for every key. The lock is held.
func (s *Store) forgetAll() {
	s.records.DeleteAll()
	for _, reads := range s.reads {
		for _, r := range reads {
			r.overtaken = true
		}
	}
	s.ends, s.oldest = map[owner]end{}, nil
}

// sweep drops records that are too old, beginning with the least recently used. The lock is held.
func (s *Store) sweep(now moment) {
	for tooOld := true; tooOld; {
		tooOld = false
		s.records.RangeBackwards(func(last *ttlcache.Item[string, memory]) bool {
			if tooOld = !s.isFresh(last.Value().began, now); tooOld {
				s.records.Delete(last.Key())
			}
			return false
		})
	}
	// Every record that was read before such an end is too old by now.
	for len(s.oldest) > 0 && now.process.Sub(s.oldest[0].at.process) >= s.bounds.For {
		if of := s.oldest[0].owner; s.ends[of] == s.oldest[0] {
			delete(s.ends, of)
		}
		s.oldest = s.oldest[1:]
	}
}

// Ended notes that sessions of an owner have been ended. Every record of the owner's sessions is
// forgotten.
func (s *Store) Ended(application, subject string) {
	if subject == "" {
		return
	}
	now := s.moment()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.oldest) == mostEnds {
		s.forgetAll()
	}
	now.n = s.begun
	last := end{owner{application, subject}, now}
	s.ends[last.owner] = last
	s.oldest = append(s.oldest, last)
}

// endedSomebodys is Ended for a session of an unknown owner.
func (s *Store) endedSomebodys() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forgetAll()
}

// changed locks and forgets a key, at the end of a call that may have changed its session.
func (s *Store) changed(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(key)
}

// Create implements [driver.Store].
func (s *Store) Create(ctx context.Context, rec driver.Record) error {
	defer s.changed(rec.Key)
	return s.store.Create(ctx, rec)
}

// LoadAll implements [driver.Store].
func (s *Store) LoadAll(ctx context.Context, keys []string) ([]driver.Loaded, error) {
	loaded, err := s.store.LoadAll(ctx, keys)
	for i, found := range loaded {
		if errors.Is(found.Err, driver.ErrNotFound) {
			s.changed(keys[i])
		}
	}
	return loaded, err
}

// Replace implements [driver.Store].
func (s *Store) Replace(ctx context.Context, rec driver.Record, rev string) error {
	defer s.changed(rec.Key)
	return s.store.Replace(ctx, rec, rev)
}

// Touch implements [driver.Store].
func (s *Store) Touch(ctx context.Context, key string, accessed, expires time.Time) error {
	defer s.changed(key)
	return s.store.Touch(ctx, key, accessed, expires)
}

// Bind implements [driver.Store].
func (s *Store) Bind(ctx context.Context, key string, binding, was []byte) error {
	defer s.changed(key)
	return s.store.Bind(ctx, key, binding, was)
}

// End implements [driver.Store].
func (s *Store) End(ctx context.Context, e driver.End) (driver.Record, error) {
	defer s.changed(e.Key)
	was, err := s.store.End(ctx, e)
	if errors.Is(err, driver.ErrOutcomeUnknown) || err == nil && was.Key == "" && (e.If == nil || !e.If.Absent) {
		s.endedSomebodys() // an answer was lost
	}
	s.Ended(was.Application, was.Subject)
	return was, err
}

// LoadRosters implements [driver.Store].
func (s *Store) LoadRosters(ctx context.Context, keys ...string) ([]driver.Roster, error) {
	return s.store.LoadRosters(ctx, keys...)
}

// ChangeRoster implements [driver.Store].
func (s *Store) ChangeRoster(ctx context.Context, c driver.RosterChange) (driver.Roster, error) {
	return s.store.ChangeRoster(ctx, c)
}

// Clock implements [driver.Store].
func (s *Store) Clock() clock.Clock { return s.store.Clock() }

// Name implements [driver.Store].
func (s *Store) Name() string { return s.store.Name() }

// clone returns rec with a copy of everything that its holder could change.
func clone(rec driver.Record) driver.Record {
	rec.Binding = bytes.Clone(rec.Binding)
	return rec
}

// recordSize is the memory that a record takes in addition to its texts, in bytes. nativeTimes is
// how many times its size a native payload takes. Both are measured.
const (
	recordSize  = 1 << 10
	nativeTimes = 16
)

// sizeOf returns an upper estimate of the bytes that a remembered record takes.
func sizeOf(rec driver.Record) int {
	n := recordSize + len(rec.Key) + len(rec.Rev) + len(rec.Subject) + len(rec.Application) + len(rec.Federated) +
		len(rec.Device.Name) + len(rec.Device.IP) + len(rec.Binding)
	if native, ok := rec.Payload.(interface{ Size() int }); ok {
		return n + nativeTimes*native.Size()
	}
	if b, err := rec.Payload.Bytes(); err == nil {
		n += len(b) + len(b)/4 // allocations are rounded up
	}
	return n
}

type afreshKey struct{}

// Afresh returns a context with which Peek always asks the store: for front ends that act on the
// result.
func Afresh(ctx context.Context) context.Context { return context.WithValue(ctx, afreshKey{}, true) }

// IsAfresh reports whether ctx comes from [Afresh].
func IsAfresh(ctx context.Context) bool { return ctx.Value(afreshKey{}) != nil }

package memstore

import (
	"context"
	"errors"
	"math"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions"
)

func TestLocks_AKeyHasOneShardAndKeysHaveMany(t *testing.T) {
	is := is.New(t)
	tab := newTable()
	is.Equal(tab.of(), shardSet(0))
	is.Equal(tab.of().first(), shardCount)
	is.Equal(tab.of("a"), tab.of("a", "a"))
	var all shardSet
	for i := range 5000 {
		key := strconv.Itoa(i)
		is.True(&tab.shards[tab.of(key).first()] == tab.shard(key))
		all |= tab.of(key)
	}
	is.Equal(all, ^shardSet(0))
}

func TestLocks_EachOfASetOnceInTheirOrder(t *testing.T) {
	is := is.New(t)
	tab := newTable()
	var order []int
	for set := shardSet(1<<63 | 1<<5 | 1); set != 0; set = set.rest() {
		order = append(order, set.first())
	}
	is.Equal(order, []int{0, 5, 63})
	tab.lock(1<<5 | 1)
	for i := range tab.shards {
		is.Equal(tab.shards[i].TryLock(), i != 5 && i != 0)
	}
}

func TestLocks_UnlockNotesWhatIsNext(t *testing.T) {
	is := is.New(t)
	tab := newTable()
	is.Equal(tab.due[3].Load(), int64(math.MaxInt64))
	e := &entry{expires: 1000}
	is.NoErr(tab.locked(1<<3, func(*table) error {
		tab.shards[3].entries["k"] = e
		tab.shards[3].queue.Push(e)
		return nil
	}))
	is.Equal(tab.due[3].Load(), int64(1000))
	is.NoErr(tab.locked(1<<3, func(*table) error {
		tab.shards[3].remove(e)
		return nil
	}))
	is.Equal(tab.due[3].Load(), int64(math.MaxInt64))
}

// apart returns two keys whose shards are not the same, that of the lower number first.
func apart(s *Store) (low, high string) {
	number := s.table().number
	low, high = "a", "b"
	for i := 0; number(low) == number(high); i++ {
		high = strconv.Itoa(i)
	}
	if number(low) > number(high) {
		return high, low
	}
	return low, high
}

// of returns a record that lives.
func of(key, rev string) sessions.Record {
	now := time.Now()
	return sessions.Record{Key: key, Rev: rev, Payload: text("p"), Created: now, Accessed: now, IdleTimeout: time.Hour, AbsoluteTimeout: time.Hour}
}

// swap returns what moves the record from one key to another, and their rosters.
func swap(s *Store, from, to string) func(context.Context) error {
	return func(ctx context.Context) error {
		rec := of(to, "r")
		return s.Transact(ctx, sessions.Transaction{
			Token: "t", Create: &rec, Remove: []sessions.Remove{{Key: from, Conditional: true, Rev: "r"}},
			Rosters: []sessions.RosterChange{
				{Key: "subject:" + from, Rev: "r", Leave: []string{from}, Expires: time.Now().Add(time.Hour)},
				{Key: "subject:" + to, Rev: "r", Enter: map[string]time.Time{to: time.Now()}, Expires: time.Now().Add(time.Hour)},
			},
		})
	}
}

// rename returns what moves the record from one key to another.
func rename(s *Store, from, to string) func(context.Context) error {
	return func(ctx context.Context) error { return s.Rename(ctx, from, of(to, "r"), "r") }
}

// While one has the higher of two shards, whoever wants both is to have the lower before it waits. If each call does so, no two wait
// for each other.
func TestLocks_TheLowerIsLockedFirst(t *testing.T) {
	type call = func(context.Context) error
	for name, of := range map[string]func(s *Store, low, high string) call{
		"a transaction":          swap,
		"a transaction, reverse": func(s *Store, low, high string) call { return swap(s, high, low) },
		"a rename":               rename,
		"a rename, reverse":      func(s *Store, low, high string) call { return rename(s, high, low) },
		"Len":                    func(s *Store, _, _ string) call { return func(context.Context) error { s.Len(); return nil } },
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			s := New(nil)
			low, high := apart(s)
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			lower, higher := s.table().shard(low), s.table().shard(high)
			higher.Lock()
			var wg sync.WaitGroup
			wg.Go(func() {
				if err := of(s, low, high)(t.Context()); err != nil && !errors.Is(err, sessions.ErrNotFound) {
					t.Error(err)
				}
			})
			for ctx.Err() == nil && lower.TryLock() {
				lower.Unlock()
				runtime.Gosched()
			}
			higher.Unlock()
			wg.Wait()
			is.NoErr(ctx.Err()) // the lower was locked meanwhile
		})
	}
}

func TestLocks_ATransactionAndItsReverseAtTheSameTime(t *testing.T) {
	is := is.New(t)
	s := New(nil)
	low, high := apart(s)
	is.NoErr(s.Create(t.Context(), of(low, "r")))
	const rounds = 300
	var wg sync.WaitGroup
	for _, call := range []func(context.Context) error{swap(s, low, high), swap(s, high, low), rename(s, low, high), rename(s, high, low)} {
		wg.Go(func() {
			for range rounds {
				if err := call(t.Context()); err != nil && !errors.Is(err, sessions.ErrNotFound) {
					t.Error(err)
				}
			}
		})
	}
	wg.Go(func() {
		for range rounds {
			is.Equal(s.Len(), 1) // at no moment both or neither
		}
	})
	wg.Wait()
	is.Equal(s.Len(), 1)
}

// Two loads are two moments: what is there after the old was found gone is the new, and once the new is found the old is gone.
func TestLocks_ARenameBesideLoadsOfBothKeys(t *testing.T) {
	is := is.New(t)
	low, high := "", ""
	for round := range 100 {
		s := New(nil)
		if low, high = apart(s); round%2 == 0 {
			low, high = high, low
		}
		is.NoErr(s.Create(t.Context(), of(low, "r")))
		var wg sync.WaitGroup
		wg.Go(func() { is.NoErr(s.Rename(t.Context(), low, of(high, "next"), "r")) })
		wg.Go(func() {
			for there := true; there; {
				_, err := s.Load(t.Context(), low)
				there = err == nil
			}
			_, err := s.Load(t.Context(), high)
			is.NoErr(err)
		})
		wg.Go(func() {
			for there := false; !there; {
				_, err := s.Load(t.Context(), high)
				there = err == nil
			}
			_, err := s.Load(t.Context(), low)
			is.True(errors.Is(err, sessions.ErrNotFound))
		})
		wg.Wait()
	}
}

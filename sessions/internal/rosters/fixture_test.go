package rosters_test

import (
	"context"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"testing"
	"time"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/internal/cued"
	"github.com/dynasession/dynasession/sessions/internal/rosters"
	"github.com/dynasession/dynasession/sessions/memstore"
)

const (
	list     = "subject:somebody"
	idle     = time.Hour
	absolute = 10 * time.Hour
)

// desk is a Keeper with small parts, its store, and the clock that a test moves.
type desk struct {
	*rosters.Keeper
	store *cued.Store
	mem   *memstore.Store
	clock *clock.Fake
	made  int
}

func newDesk(headSize, pageSize int) *desk {
	c := clock.NewFake(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
	return deskOf(headSize, pageSize, c, c)
}

// newLazyDesk returns a desk whose store sweeps nothing.
func newLazyDesk(headSize, pageSize int) *desk {
	c := clock.NewFake(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
	return deskOf(headSize, pageSize, c, clock.NewFake(c.Now()))
}

func deskOf(headSize, pageSize int, c, sweeper *clock.Fake) *desk {
	mem := memstore.New(&memstore.Config{Clock: sweeper})
	store := cued.New(mem)
	d := &desk{store: store, mem: mem, clock: c}
	d.Keeper = &rosters.Keeper{
		Store: store, Now: c.Now, HeadSize: headSize, PageSize: pageSize,
		Alive:    func(_ context.Context, rec driver.Record) (bool, error) { return rec.ExpiresAt().After(c.Now()), nil },
		Readable: func(context.Context, driver.Record) (bool, error) { return true, nil },
		Pause:    func(context.Context, int) error { return nil },
	}
	return d
}

// behind returns the desk of another host, whose calls no test intercepts.
func (d *desk) behind() *desk {
	other := *d.Keeper
	other.Store = d.mem
	return &desk{Keeper: &other, store: cued.New(d.mem), mem: d.mem, clock: d.clock, made: d.made + 1000}
}

// key returns the key of another session.
func (d *desk) key() string {
	d.made++
	sum := sha512.Sum512(fmt.Append(nil, d.made))
	return hex.EncodeToString(sum[:])
}

// login makes a login's two steps: it enters the list, and stores a session.
func (d *desk) login(t testing.TB, limit rosters.Limit) (key string, page int64, err error) {
	t.Helper()
	l, err := d.Open(t.Context(), list)
	if err != nil {
		return "", 0, err
	}
	key = d.key()
	if page, err = l.Enter(t.Context(), d.entry(key), "", limit); err != nil {
		return key, 0, err
	}
	return key, page, d.save(t, key)
}

func (d *desk) save(t testing.TB, key string) error {
	t.Helper()
	now := d.clock.Now()
	return d.Store.Create(t.Context(), driver.Record{
		Key: key, Payload: codec.Opaque("json", []byte("1")), Rev: rosters.Rev(), Created: now, Accessed: now,
		IdleTimeout: idle, AbsoluteTimeout: absolute,
	})
}

func (d *desk) entry(key string) rosters.Entry {
	now := d.clock.Now()
	return rosters.Entry{Key: key, Deadline: now.Add(absolute), Stale: now.Add(idle)}
}

// must is login, and fails the test on an error.
func (d *desk) must(t testing.TB) string {
	t.Helper()
	key, _, err := d.login(t, rosters.Limit{})
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// listed returns the keys in the list.
func (d *desk) listed(t testing.TB) map[string]bool {
	t.Helper()
	other := d.behind()
	parts, err := other.All(t.Context(), list)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{}
	for _, key := range rosters.Keys(parts) {
		all[key] = true
	}
	return all
}

// wantListed fails if a session that is alive isn't listed.
func (d *desk) wantListed(t testing.TB, keys ...string) {
	t.Helper()
	listed := d.listed(t)
	for _, key := range keys {
		rec, err := d.mem.Load(t.Context(), key)
		if err == nil && rec.ExpiresAt().After(d.clock.Now()) && !listed[key] {
			t.Errorf("%s… is alive and not listed", key[:8])
		}
	}
}

// end ends a session without telling the list.
func (d *desk) end(t testing.TB, key string) {
	t.Helper()
	if _, err := d.behind().End(t.Context(), key, driver.Destroyed, nil); err != nil {
		t.Fatal(err)
	}
}

// at runs f before or after the n-th call of the store from now on.
func (d *desk) at(n int, after bool, f func()) (came *bool) {
	came = new(bool)
	i := 0
	d.store.On("any", func(c *cued.Call) error {
		if i++; i != n {
			return c.Do()
		}
		*came = true
		if !after {
			f()
			return c.Do()
		}
		err := c.Do()
		f()
		return err
	})
	return came
}

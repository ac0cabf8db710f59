package recent_test

import (
	"context"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/matryer/is"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/attribute"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/internal/cued"
	"github.com/dynasession/dynasession/sessions/internal/recent"
	"github.com/dynasession/dynasession/sessions/internal/rosters"
	"github.com/dynasession/dynasession/sessions/memstore"
	"github.com/dynasession/dynasession/sessions/storetest"
)

var start = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func key(n int) string {
	sum := sha512.Sum512(fmt.Append(nil, n))
	return hex.EncodeToString(sum[:])
}

func record(n int, p codec.Payload) driver.Record {
	return driver.Record{
		Key: key(n), Payload: p, Rev: rosters.Rev(), Subject: fmt.Sprint("user ", n), Created: start, Accessed: start,
		IdleTimeout: time.Hour, AbsoluteTimeout: time.Hour,
	}
}

// desk is a Store, the calls that it makes, and its clock.
type desk struct {
	*recent.Store
	calls *cued.Store
	clock *clock.Fake
}

func newDesk(most int) desk {
	c := clock.NewFake(start)
	calls := cued.New(memstore.New(&memstore.Config{Clock: c}))
	return desk{recent.New(calls, recent.Bounds{For: time.Minute, Bytes: most}, c.Now), calls, c}
}

// remembers reports whether a Peek makes no call.
func (d desk) remembers(t testing.TB, n int) bool {
	t.Helper()
	d.calls.Took()
	_, remembered, err := d.Peek(t.Context(), key(n))
	if err != nil {
		t.Fatal(err)
	}
	if asked := len(d.calls.Took()) > 0; asked == remembered {
		t.Fatalf("remembered %v, and asked %v", remembered, asked)
	}
	return remembered
}

func TestStore(t *testing.T) {
	storetest.Run(t, func(*testing.T) driver.Store {
		return recent.New(memstore.New(nil), recent.Bounds{For: time.Minute, Bytes: 1 << 20}, time.Now)
	})
}

// peeking is a store whose Loads are Peeks. Within one process it keeps the contract of a store.
type peeking struct{ *recent.Store }

func (p peeking) Load(ctx context.Context, key string) (driver.Record, error) {
	rec, _, err := p.Peek(ctx, key)
	return rec, err
}

func TestStore_PeekIsALoadForItsOwnProcess(t *testing.T) {
	storetest.Run(t, func(*testing.T) driver.Store {
		return peeking{recent.New(memstore.New(nil), recent.Bounds{For: time.Minute, Bytes: 1 << 20}, time.Now)}
	})
}

// Remembered records take about as much memory as Bounds.Bytes allows, with plain bytes and with
// native values.
func TestStore_TakesAsMuchMemoryAsItMay(t *testing.T) {
	const most = 2 << 20
	native := func(n int) codec.Payload {
		m := map[string]types.AttributeValue{}
		for i := range 40 {
			m[fmt.Sprint("member ", n, i)] = &types.AttributeValueMemberN{Value: fmt.Sprint(n * i)}
		}
		return attribute.NewValue(&types.AttributeValueMemberM{Value: m})
	}
	for name, payload := range map[string]func(n int) codec.Payload{
		"small":  func(n int) codec.Payload { return codec.Opaque("json", fmt.Append(nil, n)) },
		"large":  func(n int) codec.Payload { return codec.Opaque("json", []byte(strings.Repeat("x", 8<<10+n%100))) },
		"native": native,
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			n := 0
			made := makes{payload: payload, n: &n}
			s := recent.New(made, recent.Bounds{For: time.Minute, Bytes: most}, clock.NewFake(start).Now)
			before := heap()
			for range 3_000 {
				n++
				_, err := s.Load(t.Context(), key(n))
				is.NoErr(err)
			}
			took := heap() - before
			t.Logf("%d KB of %d", took>>10, most>>10)
			is.True(took < most)
			is.True(took > most/5) // the estimate is not far too high
			runtime.KeepAlive(s)
		})
	}
}

// makes is a store that invents the record of every key.
type makes struct {
	driver.Store
	payload func(n int) codec.Payload
	n       *int
}

func (m makes) Load(context.Context, string) (driver.Record, error) {
	return record(*m.n, m.payload(*m.n)), nil
}

func heap() int {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// After more ends than are remembered everything is forgotten, and no Peek returns a session that
// has ended.
func TestStore_ManyEnds(t *testing.T) {
	is := is.New(t)
	d := newDesk(1 << 20)
	is.NoErr(d.Create(t.Context(), record(1, codec.Opaque("json", []byte("1")))))
	is.True(!d.remembers(t, 1))
	is.True(d.remembers(t, 1))
	for i := range 4096 {
		d.Ended("", fmt.Sprint("another user ", i))
	}
	is.True(d.remembers(t, 1))
	d.Ended("", "user 1")
	is.True(!d.remembers(t, 1))
	is.True(d.remembers(t, 1))
	d.Ended("shop", "user 1")
	is.True(d.remembers(t, 1)) // another application's user
	d.Ended("", "user 1")
	is.True(!d.remembers(t, 1))
}

// An end whose response was lost doesn't say whose session it was. Here it may be the session of an
// ID that another process has exchanged for the one that was ended.
func TestStore_AnEndWithoutAnAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		answer error
		state  bool // the end is on condition of what was loaded
	}{
		"repeated":              {nil, false},
		"unknown":               {driver.ErrOutcomeUnknown, false},
		"repeated, conditional": {nil, true},
		"unknown, conditional":  {driver.ErrOutcomeUnknown, true},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			d := newDesk(1 << 20)
			is.NoErr(d.Create(t.Context(), record(1, codec.Opaque("json", []byte("1")))))
			is.True(!d.remembers(t, 1))
			is.True(d.remembers(t, 1))
			next := record(2, codec.Opaque("json", []byte("1")))
			next.Subject = "user 1"
			is.NoErr(d.calls.Store.Create(t.Context(), next)) // by another process
			_, err := d.calls.Store.End(t.Context(), driver.End{Key: key(1), Marker: rosters.NewMarker(key(1), driver.Renewed, key(2), start)})
			is.NoErr(err)
			d.calls.Once("End", func(call *cued.Call) error {
				is.NoErr(call.Do())
				call.Record = driver.Record{}
				return c.answer
			})
			end := driver.End{Key: key(2), Marker: rosters.NewMarker(key(2), driver.Destroyed, "", start)}
			if c.state {
				end.If = &driver.State{Rev: next.Rev, Accessed: next.Accessed}
			}
			_, err = d.End(t.Context(), end)
			is.Equal(err, c.answer)
			_, remembered, err := d.Peek(t.Context(), key(1))
			is.True(!remembered)
			is.True(err != nil)
		})
	}
}

// An end applies to every earlier read, even if the clock is set.
func TestStore_AnEndAndAClockThatGoesBack(t *testing.T) {
	is := is.New(t)
	d := newDesk(1 << 20)
	is.NoErr(d.Create(t.Context(), record(1, codec.Opaque("json", []byte("1")))))
	is.True(!d.remembers(t, 1))
	d.clock.Advance(10 * time.Second)
	d.Ended("", "user 1")
	d.clock.Advance(-5 * time.Second)
	_, err := d.Load(t.Context(), key(2)) // which sweeps
	is.True(err != nil)
	is.True(!d.remembers(t, 1))
}

// Later calls drop records that are too old.
func TestStore_WhatIsTooOldLeaves(t *testing.T) {
	is := is.New(t)
	d := newDesk(1 << 20)
	for n := range 100 {
		is.NoErr(d.Create(t.Context(), record(n, codec.Opaque("json", []byte("1")))))
		is.True(!d.remembers(t, n))
	}
	is.Equal(d.Len(), 100)
	d.clock.Advance(time.Minute)
	is.True(!d.remembers(t, 1))
	is.Equal(d.Len(), 1)
}

// Of two reads at a time of a record without a Rev, as Python stores it, nobody knows which has
// seen the later state: neither is remembered.
func TestStore_TwoReadsOfARecordWithoutARev(t *testing.T) {
	for name, rev := range map[string]string{"without": "", "with the same": rosters.Rev()} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			d := newDesk(1 << 20)
			rec := record(1, codec.Opaque("json", []byte("1")))
			rec.Rev = rosters.Rev()
			is.NoErr(d.Create(t.Context(), rec))
			held, goOn, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
			first := true // the first read is held up, with what it has found
			d.calls.On("Load", func(c *cued.Call) error {
				err := c.Do()
				c.Record.Rev = rev
				if first {
					first = false
					close(held)
					<-goOn
				}
				return err
			})
			go func() {
				defer close(done)
				_, _ = d.Load(t.Context(), key(1))
			}()
			<-held
			_, err := d.Load(t.Context(), key(1)) // begins, and ends, during the other
			is.NoErr(err)
			close(goOn)
			<-done
			is.Equal(d.remembers(t, 1), rev != "")
		})
	}
}

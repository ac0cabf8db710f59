package memstore

import (
	"math"
	"strconv"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions"
)

func newShard() *shard { return &newTable().shards[0] }

func TestShard_ARecordHasOneEntry(t *testing.T) {
	is := is.New(t)
	sh := newShard()
	is.Equal(sh.next(), int64(math.MaxInt64))
	at := time.Unix(1000, 0)
	rec := sessions.Record{Key: "k", Payload: text("p"), Created: at, Accessed: at, IdleTimeout: time.Minute, AbsoluteTimeout: time.Hour}
	sh.put(rec)
	rec.Accessed = at.Add(30 * time.Second)
	sh.put(rec)
	is.Equal(len(sh.queue), 1)
	is.Equal(sh.next(), int64(1060)) // when to look
	is.Equal(sh.entries["k"].expires, int64(1090))
	sh.expire(sh.entries["k"], 1050)
	is.Equal(sh.next(), int64(1050)) // never late
	sh.remove(sh.entries["k"])
	is.Equal(len(sh.queue)+len(sh.entries), 0)
}

func TestShard_ARosterIsNoRecord(t *testing.T) {
	is := is.New(t)
	sh := newShard()
	sh.enter(&entry{key: "k", expires: 1000, roster: &sessions.Roster{Key: "k"}})
	is.Equal(len(sh.entries), 0)
	is.Equal(sh.next(), int64(1000))
	sh.remove(sh.rosters["k"])
	is.Equal(len(sh.queue)+len(sh.rosters), 0)
}

func TestShard_SweepPutsRightWhatLivesOn(t *testing.T) {
	is := is.New(t)
	sh := newShard()
	at := time.Unix(1000, 0)
	for i := range 10 {
		rec := sessions.Record{Key: strconv.Itoa(i), Payload: text("p"), Created: at, Accessed: at, IdleTimeout: time.Minute, AbsoluteTimeout: time.Hour}
		sh.put(rec)
		if i < 5 {
			sh.expire(sh.entries[rec.Key], int64(2000+i))
		}
	}
	is.Equal(sh.sweep(1059, 100), 0)
	is.Equal(sh.sweep(1060, 4), 4) // as many as it may
	is.Equal(sh.sweep(1060, 100), 6)
	is.Equal(len(sh.entries), 5) // those that live on
	is.Equal(sh.next(), int64(2000))
	is.Equal(sh.sweep(2003, 100), 4)
	is.Equal(sh.next(), int64(2004))
}

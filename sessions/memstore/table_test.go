package memstore

import (
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/sessions"
)

func TestTable_ARecordHasOneEntry(t *testing.T) {
	is := is.New(t)
	tab := &table{entries: map[string]*entry{}}
	at := time.Unix(1000, 0)
	rec := sessions.Record{Key: "k", Payload: codec.Opaque("json", nil), Created: at, Accessed: at, IdleTimeout: time.Minute, AbsoluteTimeout: time.Hour}
	tab.put(rec)
	rec.Accessed = at.Add(30 * time.Second)
	tab.put(rec)
	is.Equal(len(tab.queue), 1)
	is.Equal(tab.queue[0].expires.Unix(), int64(1090))
	tab.expire(tab.entries["k"], time.Unix(2000, 0))
	is.Equal(tab.queue[0].expires.Unix(), int64(2000))
	tab.remove(tab.entries["k"])
	is.Equal(len(tab.queue)+len(tab.entries), 0)
}

func TestTable_SawOnlyMovesForward(t *testing.T) {
	is := is.New(t)
	var tab table
	tab.saw(time.Unix(20, 0), time.Unix(10, 0))
	tab.saw(time.Unix(5, 0))
	is.Equal(tab.latest, time.Unix(20, 0))
}

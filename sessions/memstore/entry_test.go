package memstore

import (
	"testing"
	"time"
	"unsafe"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions"
)

// text is a payload that can be compared.
type text string

func (text) Format() string           { return "text" }
func (p text) Bytes() ([]byte, error) { return []byte(p), nil }

func TestEntry_GivesBackWhatItWasGiven(t *testing.T) {
	is := is.New(t)
	for _, at := range []time.Time{
		time.Date(2026, 3, 1, 9, 0, 0, 123456000, time.UTC), time.Unix(0, 0).UTC(), time.Date(1969, 12, 31, 23, 59, 59, 999999000, time.UTC), {},
	} {
		rec := sessions.Record{
			Key: "k", Payload: text("data"), Rev: "r", Subject: "s", Device: sessions.Device{IP: "192.0.2.1"},
			Created: at, Accessed: at.Add(time.Microsecond), IdleTimeout: time.Minute, AbsoluteTimeout: time.Hour,
		}
		var e entry
		e.set(rec)
		is.Equal(e.record(), rec)
		rec.Device = sessions.Device{}
		e.set(rec)
		is.Equal(e.record(), rec) // nothing of the former is left
	}
}

// Of 128 bytes the next size that Go allocates is 144.
func TestEntry_IsSmall(t *testing.T) {
	is.New(t).True(unsafe.Sizeof(entry{}) <= 128 || unsafe.Sizeof(uintptr(0)) != 8)
}

func TestEntry_ARevIsOwnUnlessItIsEmpty(t *testing.T) {
	is := is.New(t)
	is.True((&entry{rev: "a"}).own(sessions.Record{Rev: "a"}))
	is.True(!(&entry{rev: "a"}).own(sessions.Record{Rev: "b"}))
	is.True(!(&entry{}).own(sessions.Record{}))
}

package memstore_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/sessions"
)

func TestWrite_RefusesARecordThatIsNone(t *testing.T) {
	for want, change := range map[string]func(*sessions.Record){
		"memstore: Record.Key is empty":          func(r *sessions.Record) { r.Key = "" },
		"memstore: Record.Payload is nil":        func(r *sessions.Record) { r.Payload = nil },
		"memstore: Record.Payload has no format": func(r *sessions.Record) { r.Payload = codec.Opaque("", nil) },
	} {
		t.Run(want, func(t *testing.T) {
			is := is.New(t)
			s, _ := filled(t, 1)
			bad := record("key0", start)
			bad.Rev = "next"
			change(&bad)
			is.Equal(s.Create(t.Context(), bad).Error(), want)
			is.Equal(s.Replace(t.Context(), bad, "rev-of-key0").Error(), want)
			is.Equal(s.Rename(t.Context(), "key0", bad, "rev-of-key0").Error(), want)
			is.Equal(s.Len(), 1)
		})
	}
}

func TestWrite_RoundsAsTheDynamoDBStoreDoes(t *testing.T) {
	is := is.New(t)
	s, _ := filled(t, 0)
	rec := record("k", start.Add(1234567*time.Nanosecond).In(time.FixedZone("", 3600)))
	rec.IdleTimeout = 90*time.Second + time.Millisecond
	is.NoErr(s.Create(t.Context(), rec))
	got, err := s.Load(t.Context(), "k")
	is.NoErr(err)
	is.Equal(got.Created, start.Add(1234*time.Microsecond))
	is.Equal(got.Created.Location(), time.UTC)
	is.Equal(got.IdleTimeout, 90*time.Second)
}

func TestTouch_MovesTheSweepToo(t *testing.T) {
	is := is.New(t)
	s, c := filled(t, 2)
	is.NoErr(s.Touch(t.Context(), "key0", start.Add(50*time.Minute), start.Add(110*time.Minute)))
	c.Advance(time.Hour)
	is.NoErr(s.Delete(t.Context(), "none")) // any write sweeps
	_, err := s.Load(t.Context(), "key0")
	is.NoErr(err)
	_, err = s.Load(t.Context(), "key1")
	is.True(errors.Is(err, sessions.ErrNotFound))
}

func TestWrite_TimesThatCannotBeKept(t *testing.T) {
	is := is.New(t)
	s, _ := filled(t, 1)
	for _, at := range []time.Time{time.Date(300000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(0, 12, 31, 0, 0, 0, 0, time.UTC)} {
		err := s.Create(t.Context(), record("another", at))
		is.True(err != nil && strings.Contains(err.Error(), "Record.Created is in the year "))
		is.True(s.Touch(t.Context(), "key0", at, at) != nil)
	}
	is.Equal(s.Len(), 1)
	got, err := s.Load(t.Context(), "key0")
	is.NoErr(err)
	is.Equal(got.Accessed, start)
}

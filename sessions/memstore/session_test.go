package memstore_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions/driver"
)

func TestWrite_RefusesARecordThatIsNone(t *testing.T) {
	for want, change := range map[string]func(*driver.Record){
		"memstore: Record.Key is empty":          func(r *driver.Record) { r.Key = "" },
		"memstore: Record.Payload is nil":        func(r *driver.Record) { r.Payload = nil },
		"memstore: Record.Payload has no format": func(r *driver.Record) { r.Payload = codec.Opaque("", nil) },
	} {
		t.Run(want, func(t *testing.T) {
			is := is.New(t)
			s, _ := filled(t, 1)
			bad := record("key0", start)
			bad.Rev = "next"
			change(&bad)
			is.Equal(s.Create(t.Context(), bad).Error(), want)
			is.Equal(s.Replace(t.Context(), bad, "rev-of-key0").Error(), want)
			is.Equal(s.Len(), 1)
		})
	}
}

func TestEnd_RefusesAMarkerThatIsNone(t *testing.T) {
	is := is.New(t)
	s, _ := filled(t, 1)
	_, err := s.End(t.Context(), driver.End{Key: "key0", Marker: marker("", start)})
	is.Equal(err.Error(), "memstore: End.Marker.Rev is empty")
	_, err = s.End(t.Context(), driver.End{Marker: marker("m", start)})
	is.Equal(err.Error(), "memstore: End.Key is empty")
	_, err = s.End(t.Context(), driver.End{Key: "key0", Marker: marker("m", time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC))})
	is.True(strings.Contains(err.Error(), "End.Marker.Until is in the year 10000: must be between 1 and 9999"))
	is.Equal(s.Len(), 1)
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

	accessed := start.Add(time.Minute + 1234567*time.Nanosecond).In(time.FixedZone("", 3600))
	is.NoErr(s.Touch(t.Context(), "k", accessed, start.Add(2*time.Hour)))
	got, err = s.Load(t.Context(), "k")
	is.NoErr(err)
	is.Equal(got.Accessed, start.Add(time.Minute+1234*time.Microsecond))
	is.Equal(got.Accessed.Location(), time.UTC)

	m := marker("m", start.Add(1234567*time.Nanosecond))
	_, err = s.End(t.Context(), driver.End{Key: "k", Marker: m})
	is.NoErr(err)
	_, err = s.Load(t.Context(), "k")
	var ended *driver.EndedError
	is.True(errors.As(err, &ended))
	is.Equal(ended.Marker.At, start.Add(1234*time.Microsecond))
	is.Equal(ended.Marker.Until, start.Add(15*time.Minute))
}

func TestWrite_TimesThatCannotBeKept(t *testing.T) {
	is := is.New(t)
	s, _ := filled(t, 1)
	for _, year := range []int{300000, 10000, 0} {
		at := time.Date(year, 12, 31, 0, 0, 0, 0, time.UTC)
		err := s.Create(t.Context(), record("another", at))
		is.True(err != nil && strings.Contains(err.Error(), "Record.Created is in the year "))
		is.True(s.Touch(t.Context(), "key0", at, at) != nil)
	}
	is.Equal(s.Len(), 1)
	got, err := s.Load(t.Context(), "key0")
	is.NoErr(err)
	is.Equal(got.Accessed, start)
}

func TestBinding_IsNotShared(t *testing.T) {
	is := is.New(t)
	s, _ := filled(t, 0)
	given := []byte("one")
	rec := record("k", start)
	rec.Binding = given
	is.NoErr(s.Create(t.Context(), rec))
	given[0] = 'x'
	got, err := s.Load(t.Context(), "k")
	is.NoErr(err)
	is.Equal(got.Binding, []byte("one"))

	given = []byte("two")
	is.NoErr(s.Bind(t.Context(), "k", given, []byte("one")))
	given[0], got.Binding[0] = 'x', 'x'
	got, err = s.Load(t.Context(), "k")
	is.NoErr(err)
	is.Equal(got.Binding, []byte("two"))

	all, err := s.LoadAll(t.Context(), []string{"k"})
	is.NoErr(err)
	all[0].Record.Binding[0] = 'x'
	got, err = s.Load(t.Context(), "k")
	is.NoErr(err)
	is.Equal(got.Binding, []byte("two"))
}

func TestLoad_ReturnsWhatHasExpiredUntilItIsSwept(t *testing.T) {
	is := is.New(t)
	s, c := filled(t, 1)
	c.Advance(24 * time.Hour)
	rec, err := s.Load(t.Context(), "key0")
	is.NoErr(err) // the Manager judges expiry, not the store
	is.Equal(rec.Rev, "rev-of-key0")
	is.NoErr(s.Create(t.Context(), record("another", c.Now())))
	_, err = s.Load(t.Context(), "key0")
	wants.Err(t, err, driver.ErrNotFound)
}

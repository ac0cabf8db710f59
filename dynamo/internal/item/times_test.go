package item

import (
	"testing"
	"time"

	"github.com/matryer/is"
)

func TestTimesAreWrittenAsPythonReadsThem(t *testing.T) {
	is := is.New(t)
	for in, want := range map[time.Time]string{
		time.Date(2026, 11, 23, 22, 46, 1, 123456000, time.UTC): "2026-11-23T22:46:01.123456+00:00",
		time.Date(2026, 11, 23, 22, 46, 1, 0, time.UTC):         "2026-11-23T22:46:01+00:00",
		time.Date(2026, 11, 23, 22, 46, 1, 100000000, time.UTC): "2026-11-23T22:46:01.100000+00:00",
		// Less than a microsecond.
		time.Date(2026, 11, 23, 22, 46, 1, 999, time.UTC):                                "2026-11-23T22:46:01+00:00",
		time.Date(2026, 11, 23, 23, 46, 1, 0, time.FixedZone("CET", 3600)):               "2026-11-23T22:46:01+00:00",
		time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC):                                         "0001-01-01T00:00:00+00:00",
		time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC):                         "9999-12-31T23:59:59.999999+00:00",
		time.Date(2026, 11, 23, 22, 46, 1, 1000, time.FixedZone("a zone of seconds", 0)): "2026-11-23T22:46:01.000001+00:00",
	} {
		got, err := FormatTime(in)
		is.NoErr(err)
		is.Equal(got, want)
		back, err := parseTime(got)
		is.NoErr(err)
		is.Equal(back, in.UTC().Truncate(time.Microsecond)) // and it is read back
	}
}

func TestTimesThatCannotBeWritten(t *testing.T) {
	is := is.New(t)
	for _, in := range []time.Time{time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(0, 12, 31, 0, 0, 0, 0, time.UTC)} {
		_, err := FormatTime(in)
		is.True(err != nil)
	}
}

func TestTimesAreReadInBothForms(t *testing.T) {
	is := is.New(t)
	want := time.Date(2026, 11, 23, 22, 46, 1, 123456000, time.UTC)
	for _, in := range []string{
		"2026-11-23T22:46:01.123456+00:00", "2026-11-23T22:46:01.123456Z", "2026-11-23T22:46:01.123456-00:00", "2026-11-23T22:46:01.123456789Z",
	} {
		got, err := parseTime(in)
		is.NoErr(err)
		is.Equal(got, want)
		is.Equal(got.Location(), time.UTC)
	}
}

func TestTimesThatAreRefused(t *testing.T) {
	is := is.New(t)
	for _, in := range []string{
		"", "yesterday", "2026-11-23", "2026-11-23T22:46:01", "2026-11-23T22:46:01.123456", "2026-11-23T22:46:01+01:00", "1764000000",
		"2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-11-23 22:46:01+00:00", "2026-11-23T22:46:01+00:00 ",
	} {
		_, err := parseTime(in)
		is.Equal(err, errNotUTC) // the error does not repeat the text
	}
}

// Touch compares stored texts, so they must sort like the times, with or without a fraction.
func TestTimesSortAsTexts(t *testing.T) {
	is := is.New(t)
	base := time.Date(2026, 11, 23, 23, 59, 58, 0, time.UTC)
	var last string
	for _, d := range []time.Duration{0, 1, 9, 10, 999999, 1000000, 1000001, 1500000, 2000000, 60000000} {
		got, err := FormatTime(base.Add(d * time.Microsecond))
		is.NoErr(err)
		is.True(got > last)
		last = got
	}
}

func TestSeconds(t *testing.T) {
	is := is.New(t)
	for in, want := range map[string]time.Duration{
		"0": 0, "1": time.Second, "7200": 2 * time.Hour, "9223372036": 9223372036 * time.Second,
		"9223372037": 9223372036 * time.Second, "99999999999999999999": 9223372036 * time.Second,
	} {
		got, err := parseSeconds(in)
		is.NoErr(err)
		is.Equal(got, want)
	}
	for _, in := range []string{"", "-1", "1.5", "1e3", "-99999999999999999999", "abc", " 1"} {
		_, err := parseSeconds(in)
		is.Equal(err, errNotSeconds)
	}
}

package item

import (
	"errors"
	"fmt"
	"strconv"
	"time"
)

// The two forms of a stored time. On Python before 3.11 dynamodb-session-web reads only these:
//
//	2006-01-02T15:04:05+00:00
//	2006-01-02T15:04:05.000000+00:00
const (
	fraction = len("2006-01-02T15:04:05") // where the fraction begins, or else the zone
	utc      = "+00:00"
)

// FormatTime returns the stored form of t. Stored forms sort like the times. It starts from
// time.RFC3339, which package time formats several times as fast as a custom layout.
func FormatTime(t time.Time) (string, error) {
	t = t.UTC()
	if y := t.Year(); y < 1 || y > 9999 {
		return "", fmt.Errorf("year %d: must be between 1 and 9999", y)
	}
	var buf [len("2006-01-02T15:04:05.000000") + len(utc)]byte
	b := t.AppendFormat(buf[:0], time.RFC3339)[:fraction]
	if micros := t.Nanosecond() / 1000; micros != 0 {
		b = append(b, '.')
		for unit := 100_000; unit > 0; unit /= 10 {
			b = append(b, byte('0'+micros/unit%10))
		}
	}
	return string(append(b, utc...)), nil
}

var errNotUTC = errors.New("not a time in UTC")

// parseTime reads a stored time: ISO 8601 with any number of fractional digits, in UTC, written
// +00:00 or Z.
func parseTime(s string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}, errNotUTC // the cause would repeat the text, which may be anything
	}
	if _, offset := t.Zone(); offset != 0 {
		return time.Time{}, errNotUTC
	}
	return t.UTC().Truncate(time.Microsecond), nil
}

// maxSeconds is the longest timeout that a Duration can hold, in seconds.
const maxSeconds = int64(1<<63-1) / int64(time.Second)

var errNotSeconds = errors.New("not a whole number of seconds, at least 0")

// parseSeconds reads a stored timeout. A longer one than a Duration can hold, which Python may have
// written, is the longest that it can: 292 years.
func parseSeconds(n string) (time.Duration, error) {
	seconds, err := strconv.ParseInt(n, 10, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) || seconds < 0 {
		return 0, errNotSeconds
	}
	return time.Duration(min(seconds, maxSeconds)) * time.Second, nil
}

func formatSeconds(d time.Duration) string { return formatInt(int64(d / time.Second)) }

// FormatEpoch returns t in seconds since 1970.
func FormatEpoch(t time.Time) string { return formatInt(t.Unix()) }

func formatInt(n int64) string { return strconv.FormatInt(n, 10) }

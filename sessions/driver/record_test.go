package driver_test

import (
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions/driver"
)

func TestRecord_ExpiresAtTheEarlierOfBoth(t *testing.T) {
	at := func(text string) time.Time {
		t.Helper()
		when, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	for name, tc := range map[string]struct {
		created, accessed string
		idle, absolute    time.Duration
		expires, deadline string
	}{
		"idle": {
			"2026-03-01T09:00:00Z", "2026-03-01T10:00:00Z", 2 * time.Hour, 12 * time.Hour,
			"2026-03-01T12:00:00Z", "2026-03-01T21:00:00Z",
		},
		"absolute": {
			"2026-03-01T09:00:00Z", "2026-03-01T20:59:59Z", 2 * time.Hour, 12 * time.Hour,
			"2026-03-01T21:00:00Z", "2026-03-01T21:00:00Z",
		},
		"parts of seconds don't count": {
			"2026-03-01T09:00:00.999999Z", "2026-03-01T09:00:01.999999Z", time.Minute, time.Hour,
			"2026-03-01T09:01:01Z", "2026-03-01T10:00:00Z",
		},
		"nor those of timeouts": {
			"2026-03-01T09:00:00Z", "2026-03-01T09:00:00Z", time.Minute + 999*time.Millisecond, time.Hour + 999*time.Millisecond,
			"2026-03-01T09:01:00Z", "2026-03-01T10:00:00Z",
		},
		"of another zone": {
			"2026-03-01T09:00:00+09:00", "2026-03-01T09:00:00+09:00", time.Minute, time.Hour,
			"2026-03-01T00:01:00Z", "2026-03-01T01:00:00Z",
		},
		"before 1970": {
			"1969-12-31T23:59:58.5Z", "1969-12-31T23:59:58.5Z", time.Second, time.Hour,
			"1969-12-31T23:59:59Z", "1970-01-01T00:59:58Z",
		},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			rec := driver.Record{Created: at(tc.created), Accessed: at(tc.accessed), IdleTimeout: tc.idle, AbsoluteTimeout: tc.absolute}
			is.Equal(rec.ExpiresAt(), at(tc.expires))
			is.Equal(rec.Deadline(), at(tc.deadline))
			is.Equal(rec.ExpiresAt().Location(), time.UTC)
			is.Equal(rec.Deadline().Location(), time.UTC)
		})
	}
}

func TestReserved_IsWhatNoSessionHas(t *testing.T) {
	is := is.New(t)
	is.True(driver.Reserved("subject:4ee055b8"))
	is.True(driver.Reserved(":"))
	is.True(!driver.Reserved("4ee055b80cde"))
	is.True(!driver.Reserved(""))
}

package sessions_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/sessions/driver"
)

func TestExpiresAtIsTheEarlierDeadlineInWholeSeconds(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for name, c := range map[string]struct {
		created, accessed string
		idle, absolute    time.Duration
		want              string
	}{
		"idle first":       {"2026-03-01T09:00:00Z", "2026-03-01T10:00:00Z", time.Hour, 12 * time.Hour, "2026-03-01T11:00:00Z"},
		"absolute first":   {"2026-03-01T09:00:00Z", "2026-03-01T20:30:00Z", time.Hour, 12 * time.Hour, "2026-03-01T21:00:00Z"},
		"both at once":     {"2026-03-01T09:00:00Z", "2026-03-01T09:00:00Z", time.Hour, time.Hour, "2026-03-01T10:00:00Z"},
		"fractions fall":   {"2026-03-01T09:00:00.999999Z", "2026-03-01T09:00:01.999999Z", 10 * time.Second, time.Hour, "2026-03-01T09:00:11Z"},
		"before the epoch": {"1969-12-31T23:59:58.5Z", "1969-12-31T23:59:58.5Z", time.Second, time.Hour, "1969-12-31T23:59:59Z"},
		"another zone":     {"2026-03-01T10:00:00+01:00", "2026-03-01T11:00:00+02:00", time.Hour, time.Hour, "2026-03-01T10:00:00Z"},
		"very long":        {"2026-03-01T09:00:00Z", "2026-03-01T09:00:00Z", 290 * 365 * 24 * time.Hour, 1 * time.Second, "2026-03-01T09:00:01Z"},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			rec := driver.Record{Created: at(c.created), Accessed: at(c.accessed), IdleTimeout: c.idle, AbsoluteTimeout: c.absolute}
			is.Equal(rec.ExpiresAt(), at(c.want))
			is.Equal(rec.ExpiresAt().Location(), time.UTC)
		})
	}
}

func TestRecordPrintsNoData(t *testing.T) {
	is := is.New(t)
	rec := driver.Record{Key: "k", Payload: codec.Opaque("json", []byte(`"hush-hush"`))}
	for _, verb := range verbs {
		shows(t, "hush-hush", fmt.Sprintf(verb, rec), "a Record printed with %s", verb)
		shows(t, "hush-hush", fmt.Sprintf(verb, &rec), "a *Record printed with %s", verb)
	}
	is.True(strings.Contains(fmt.Sprint(rec), "json payload, 11 bytes"))
}

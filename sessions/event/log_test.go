package event_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/event"
	"github.com/dynasession/dynasession/sessions/memstore"
)

// plainLines returns a logger whose lines don't differ from run to run.
func plainLines(out *bytes.Buffer, level slog.Level) *slog.Logger {
	return slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: level, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == "duration" {
			return slog.Attr{}
		}
		return a
	}}))
}

// logged returns a Manager whose events are logged from a level on, and what is logged.
func logged(t *testing.T, level slog.Level) (*sessions.Manager[int], *clock.Fake, *bytes.Buffer) {
	t.Helper()
	var out bytes.Buffer
	c := clock.NewFake(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
	m, err := sessions.New(memstore.New(&memstore.Config{Clock: c}), &sessions.Config[int]{
		Observer: event.Log(plainLines(&out, level)), Application: "shop",
	})
	if err != nil {
		t.Fatal(err)
	}
	return m, c, &out
}

func lines(out *bytes.Buffer) []string {
	defer out.Reset()
	return strings.Split(strings.TrimSpace(out.String()), "\n")
}

func TestLog_AHealthyServiceAtInfo(t *testing.T) {
	is := is.New(t)
	m, _, out := logged(t, slog.LevelInfo)
	s := m.Create()
	is.NoErr(m.Authenticate(t.Context(), s, "user"))
	login := s.Handle()
	for range 10 { // page views
		_, err := m.Load(t.Context(), s.ID().Secret())
		is.NoErr(err)
	}
	is.NoErr(m.Renew(t.Context(), s))
	is.NoErr(m.Destroy(t.Context(), s))
	_, err := m.Load(t.Context(), "forged")
	is.True(err != nil)
	got := lines(out)
	is.Equal(len(got), 4)
	is.Equal(got[0], `level=INFO msg="session authenticated" op=authenticate event=authn_login_success session=`+login+` subject=user application=shop`)
	is.Equal(got[1], `level=INFO msg="session renewed" op=renew event=session_renewed session=`+s.Handle()+` subject=user application=shop`)
	is.Equal(got[2], `level=INFO msg="session destroyed" op=destroy event=session_logout session=`+s.Handle()+` subject=user application=shop`)
	is.True(strings.HasPrefix(got[3], `level=WARN msg="session invalid ID" op=load event=malicious_extraneous session=`))
	for _, line := range got {
		is.True(!strings.Contains(line, s.ID().Secret()))
		is.True(!strings.Contains(line, "forged"))
	}
}

func TestLog_ReadsAreAtDebug(t *testing.T) {
	is := is.New(t)
	m, c, out := logged(t, slog.LevelDebug)
	s := m.Create()
	is.NoErr(m.Authenticate(t.Context(), s, "user"))
	out.Reset()
	c.Advance(time.Hour)
	_, err := m.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	got := lines(out)
	is.Equal(len(got), 2)
	is.True(strings.HasPrefix(got[0], `level=DEBUG msg="session touched" op=load`))
	is.True(strings.HasPrefix(got[1], `level=DEBUG msg="session loaded" op=load`))
	_, err = m.RevokeAll(t.Context(), "user")
	is.NoErr(err)
	is.True(strings.Contains(out.String(), `ended=1`))
}

// An ID that has ended is told from one that was exchanged, and from one that nobody knows.
func TestLog_SaysWhyAnIDHasEnded(t *testing.T) {
	is := is.New(t)
	m, _, out := logged(t, slog.LevelInfo)
	for want, end := range map[string]func(s *sessions.Session[int]) error{
		`msg="session renewed ID" op=load event=session_use_after_expire`: func(s *sessions.Session[int]) error {
			return m.Renew(t.Context(), s)
		},
		`reason=destroyed`: func(s *sessions.Session[int]) error { return m.Destroy(t.Context(), s) },
		`reason=revoked`: func(s *sessions.Session[int]) error {
			_, err := m.RevokeAll(t.Context(), "user")
			return err
		},
	} {
		s := m.Create()
		is.NoErr(m.Authenticate(t.Context(), s, "user"))
		id := s.ID().Secret()
		is.NoErr(end(s))
		out.Reset()
		_, err := m.Load(t.Context(), id)
		wants.Err(t, err, sessions.ErrNotFound)
		is.True(strings.Contains(out.String(), want))
		is.True(strings.Contains(out.String(), "event=session_use_after_expire"))
	}
}

func TestLog_ClockSkew(t *testing.T) {
	is := is.New(t)
	var out bytes.Buffer
	event.Log(plainLines(&out, slog.LevelInfo)).Observe(t.Context(), event.Event{
		Kind: event.ClockSkewed, Op: "load", ClockSkew: 5 * time.Minute,
	})
	is.Equal(out.String(), "level=WARN msg=\"session clock skewed\" op=load clock_skew=5m0s advice=\"set this host's clock by NTP (chrony, systemd-timesyncd)\"\n")
}

func TestLog_ConnectionDied(t *testing.T) {
	is := is.New(t)
	var out bytes.Buffer
	event.Log(plainLines(&out, slog.LevelInfo)).Observe(t.Context(), event.Event{
		Kind: event.ConnectionDied, Op: "load", DeadConnections: 2,
	})
	is.True(strings.HasPrefix(out.String(), `level=WARN msg="session connection died" op=load dead_connections=2 advice="nothing after a pause of this host; if it goes on`))
}

func TestLog_OfNoLoggerIsTheDefault(t *testing.T) {
	is := is.New(t)
	var out bytes.Buffer
	before := slog.Default()
	slog.SetDefault(plainLines(&out, slog.LevelInfo))
	t.Cleanup(func() { slog.SetDefault(before) })
	event.Log(nil).Observe(t.Context(), event.Event{Kind: event.Created, Op: "create"})
	is.Equal(out.String(), "level=INFO msg=\"session created\" op=create event=session_created\n")
}

// Each kind has its level, and the name that the comment of the kind gives it.
func TestLog_LevelAndNameOfEveryKind(t *testing.T) {
	is := is.New(t)
	source, err := os.ReadFile("event.go")
	is.NoErr(err)
	debug, warn, fails := slog.LevelDebug, slog.LevelWarn, slog.LevelError
	others := map[event.Kind]slog.Level{
		event.Loaded: debug, event.Touched: debug, event.Saved: debug, event.Unchanged: debug, event.Listed: debug,
		event.InvalidID: warn, event.Undecodable: warn, event.LimitReached: warn, event.TooLarge: warn, event.Recovered: warn,
		event.OutcomeUnknown: warn, event.NotBound: warn, event.ClockSkewed: warn, event.ConnectionDied: warn,
		event.StoreFailed: fails, event.Failed: fails,
	}
	kinds := regexp.MustCompile(`Kind = "([^"]+)" +// ?(?:([a-z]+_[a-z_]+)\b(?:[^.]|$))?`).FindAllStringSubmatch(string(source), -1)
	is.Equal(len(kinds), 28)
	for _, kind := range kinds {
		var out bytes.Buffer
		event.Log(plainLines(&out, debug)).Observe(t.Context(), event.Event{Kind: event.Kind(kind[1]), Op: "op"})
		want := fmt.Sprintf("level=%v msg=", others[event.Kind(kind[1])]) // Info, where there is none
		if line := out.String(); !strings.HasPrefix(line, want) || !strings.Contains(line, "op=op event="+kind[2]) && kind[2] != "" ||
			kind[2] == "" && strings.Contains(line, "event=") {
			t.Errorf("%q is logged as %s", kind[1:], line)
		}
	}
}

func TestLog_HowManyAndHowLong(t *testing.T) {
	is := is.New(t)
	var out bytes.Buffer
	event.Log(slog.New(slog.NewTextHandler(&out, nil))).Observe(t.Context(), event.Event{
		Kind: event.ConnectionDied, Op: "load", DeadConnections: 1, Ended: 1, ClockSkew: 1, Duration: time.Second,
	})
	is.True(strings.Contains(out.String(), " ended=1 clock_skew=1ns dead_connections=1 "))
	is.True(strings.HasSuffix(out.String(), " duration=1s\n")) // and no error
}

package sessions_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/event"
)

// plainLines is a handler whose lines don't differ from run to run.
func plainLines(out *bytes.Buffer, level slog.Level) *slog.Logger {
	return slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: level, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == "duration" {
			return slog.Attr{}
		}
		return a
	}}))
}

func TestLogObserver_AHealthyServiceAtInfo(t *testing.T) {
	is := is.New(t)
	var out bytes.Buffer
	p := newPeople(t, sessions.Config[cart]{Observer: event.Log(plainLines(&out, slog.LevelInfo))})
	s := p.here.Create()
	is.NoErr(p.here.Authenticate(t.Context(), s, "user"))
	login := s.Handle()
	for range 10 { // page views
		_, err := p.here.Load(t.Context(), s.ID().Secret())
		is.NoErr(err)
	}
	is.NoErr(p.here.Renew(t.Context(), s))
	is.NoErr(p.here.Destroy(t.Context(), s))
	_, err := p.here.Load(t.Context(), "forged")
	is.True(err != nil)
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	is.Equal(len(lines), 4)
	is.Equal(lines[0], `level=INFO msg="session authenticated" op=authenticate event=authn_login_success session=`+login+` subject=user`)
	is.Equal(lines[1], `level=INFO msg="session renewed" op=renew event=session_renewed session=`+s.Handle()+` subject=user`)
	is.Equal(lines[2], `level=INFO msg="session destroyed" op=destroy event=session_logout session=`+s.Handle()+` subject=user`)
	is.True(strings.HasPrefix(lines[3], `level=WARN msg="session invalid ID" op=load event=malicious_extraneous session=`))
	is.True(!strings.Contains(out.String(), s.ID().Secret()))
}

func TestLogObserver_ReadsAreAtDebug(t *testing.T) {
	is := is.New(t)
	var out bytes.Buffer
	p := newPeople(t, sessions.Config[cart]{Observer: event.Log(plainLines(&out, slog.LevelDebug))})
	s := p.login(t, "user")
	out.Reset()
	p.clock.Advance(time.Hour)
	_, err := p.here.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.True(strings.Contains(out.String(), `level=DEBUG msg="session touched"`))
	is.True(strings.Contains(out.String(), `level=DEBUG msg="session loaded"`))
	_, err = p.here.RevokeAll(t.Context(), "user")
	is.NoErr(err)
	is.True(strings.Contains(out.String(), `ended=1`))
}

func TestLogObserver_OfNoLoggerIsTheDefault(t *testing.T) {
	is := is.New(t)
	var out bytes.Buffer
	before := slog.Default()
	slog.SetDefault(plainLines(&out, slog.LevelInfo))
	t.Cleanup(func() { slog.SetDefault(before) })
	p := newPeople(t, sessions.Config[cart]{Observer: event.Log(nil)})
	p.login(t, "user")
	is.True(strings.Contains(out.String(), "session authenticated"))
}

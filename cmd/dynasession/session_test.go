package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/integration/engine"
	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
)

func TestSession_ShowsEachForm(t *testing.T) {
	d := newDesk(t)
	for form, m := range managers(t, d.table) {
		t.Run(form, func(t *testing.T) {
			is := is.New(t)
			s := m.Create()
			s.Data, s.Device = tea, sessions.Device{Name: "Firefox on Linux", IP: "203.0.113.7"}
			is.NoErr(m.Authenticate(t.Context(), s, "ada"))
			id := s.ID().Secret()

			args := []string{"session", "show", s.Handle()}
			format, python := strings.CutSuffix(form, ", of python's")
			if python {
				r := d.run(args...)
				is.Equal(r.code, exitNotFound)
				is.True(strings.Contains(r.errs, "-scan"))
				args = append(args, "-scan")
			}
			var got shown
			is.Equal(d.json(&got, args...).code, 0)
			is.Equal(got.Handle, s.Handle())
			is.Equal(got.State, "alive")
			is.Equal(got.Format, format)
			is.Equal(got.Subject, "ada")
			is.Equal(got.Device, "Firefox on Linux")
			is.Equal(got.DeviceIP, "203.0.113.7")
			is.True(got.Created.Equal(s.CreatedAt()))
			is.True(got.ExpiresAt.Equal(s.ExpiresAt()))
			is.Equal(got.IdleTimeout, "2h0m0s")
			is.True(got.Size > 100)
			is.Equal(got.Data, nil) // no -data, no data

			human := d.done(args...)
			is.True(strings.Contains(human, "alive"))
			is.True(strings.Contains(human, format))
			is.True(!strings.Contains(human, "first flush"))

			is.Equal(d.json(&got, append(args, "-data")...).code, 0)
			if strings.HasPrefix(format, "aead") {
				is.Equal(got.Data, nil)
				is.True(strings.Contains(got.DataError, "is encrypted"))
			} else {
				var data cart
				is.NoErr(json.Unmarshal(got.Data, &data))
				is.Equal(data, tea)
			}

			d.stdin = id + "\n" // an ID on standard input
			is.True(strings.Contains(d.done("session", "show", "-"), s.Handle()))
			d.stdin = "__Host-id=" + id + "; Path=/" // a cookie on standard input
			is.True(strings.Contains(d.done("session", "show", "-"), s.Handle()))
			d.stdin = ""

			is.True(strings.Contains(d.done(append([]string{"session", "end"}, args[2:]...)...), s.Handle()))
			_, err := m.Load(t.Context(), id)
			wants.Err(t, err, sessions.ErrNotFound) // the session has ended
			r := d.run(args...)
			if python {
				is.Equal(r.code, exitNotFound) // a Python session leaves no marker
			} else {
				is.True(strings.Contains(r.out, "ended (destroyed)"))
			}
			is.True(!strings.Contains(d.printed.String(), id)) // the ID was never printed
		})
	}
}

func TestSession_OfPython(t *testing.T) {
	is := is.New(t)
	d := newDesk(t)
	id := aPythonSession(t, d.table)
	var got shown
	is.Equal(d.json(&got, "session", "show", hashOf(id), "-scan", "-data").code, 0)
	is.Equal(got.State, "expired")
	is.Equal(got.Why, "idle timeout")
	is.Equal(got.Text, `{"user": NaN}`) // data that is not JSON is shown unchanged
	is.True(strings.Contains(d.done("session", "show", hashOf(id), "-scan", "-data"), `{"user": NaN}`))
	d.done("session", "end", hashOf(id), "-scan")
	is.Equal(d.run("session", "show", hashOf(id), "-scan").code, exitNotFound)
	is.True(!strings.Contains(d.printed.String(), id))
}

// A session may have been renewed after a log showed its handle. Then it is ended under its new ID.
func TestSession_EndFollowsARenewal(t *testing.T) {
	is := is.New(t)
	d := newDesk(t)
	m, err := sessions.New[cart](engine.Store(t, d.table), nil)
	is.NoErr(err)
	s, err := m.CreateAndSave(t.Context(), tea)
	is.NoErr(err)
	before := s.Handle()
	is.NoErr(m.Authenticate(t.Context(), s, "ada"))
	is.True(strings.Contains(d.done("session", "show", before), "renewed"))
	is.True(strings.Contains(d.done("session", "show", s.Handle()), "ada"))
	d.done("session", "end", before)
	_, err = m.Load(t.Context(), s.ID().Secret())
	wants.Err(t, err, sessions.ErrNotFound)
	is.True(strings.Contains(d.done("subject", "list", "ada"), "0 sessions"))
}

func TestSession_NotFound(t *testing.T) {
	is := is.New(t)
	d := newDesk(t)
	for _, command := range []string{"show", "end"} {
		is.Equal(d.run("session", command, strings.Repeat("0", 128)).code, exitNotFound)
		is.Equal(d.run("session", command, strings.Repeat("0", 128), "-scan").code, exitNotFound)
		is.Equal(d.run("session", command, "-").code, exitUsage) // standard input is empty
	}
}

// A client chooses its device's name: it must not control the operator's terminal.
func TestSession_TerminalIsSafe(t *testing.T) {
	is := is.New(t)
	d := newDesk(t)
	m, err := sessions.New[cart](engine.Store(t, d.table), nil)
	is.NoErr(err)
	s := m.Create()
	s.Device.Name = "\x1b]0;owned\x07\x1b[2Jx\nstate ended"
	s.Data.Item = "\x1b[31mred\u202e"
	is.NoErr(m.Authenticate(t.Context(), s, "eve\x1b[1m\nada"))
	for _, out := range []string{
		d.done("session", "show", s.Handle(), "-data"), d.done("subject", "list", "eve\x1b[1m\nada"),
		d.done("subject", "end", "eve\x1b[1m\nada"),
	} {
		is.True(!strings.ContainsAny(out, "\x1b\x07\u202e"))
		is.True(!strings.Contains(out, "\nstate ended"))
	}
}

func TestSession_Applications(t *testing.T) {
	is := is.New(t)
	d := newDesk(t)
	shop, err := sessions.New(engine.Store(t, d.table), &sessions.Config[cart]{Application: "shop"})
	is.NoErr(err)
	s, err := shop.CreateAndSave(t.Context(), tea)
	is.NoErr(err)
	is.NoErr(shop.Authenticate(t.Context(), s, "7"))

	is.True(strings.Contains(d.done("session", "show", s.Handle()), "shop"))
	is.Equal(d.run("session", "show", s.Handle(), "-application", "blog").code, exitNotFound)
	is.Equal(d.run("session", "end", s.Handle(), "-application", "blog").code, exitNotFound)
	is.True(strings.Contains(d.done("subject", "list", "7", "-application", "blog"), "0 sessions"))
	is.True(strings.Contains(d.done("subject", "list", "7", "-application", "shop"), s.Handle()))
	is.True(strings.Contains(d.done("subject", "end", "7"), "0 sessions"))
	is.True(strings.Contains(d.done("-application", "shop", "subject", "end", "7"), "1 sessions"))
	_, err = shop.Load(t.Context(), s.ID().Secret())
	wants.Err(t, err, sessions.ErrNotFound)
}

func TestSubject_ListAndEnd(t *testing.T) {
	is := is.New(t)
	d := newDesk(t)
	m, err := sessions.New[cart](engine.Store(t, d.table), nil)
	is.NoErr(err)
	var handles, ids []string
	for range 3 {
		s := m.Create()
		s.Device = sessions.Device{Name: "Firefox", IP: "203.0.113.7"}
		is.NoErr(m.Authenticate(t.Context(), s, "ada"))
		handles, ids = append(handles, s.Handle()), append(ids, s.ID().Secret())
	}
	var list struct {
		Subject  string
		Sessions []listed
	}
	is.Equal(d.json(&list, "subject", "list", "ada").code, 0)
	is.Equal(len(list.Sessions), 3)
	is.Equal(list.Sessions[0].Device, "Firefox")
	human := d.done("subject", "list", "ada")
	for _, h := range handles {
		is.True(strings.Contains(human, h))
	}
	var ended struct{ Ended int }
	is.Equal(d.json(&ended, "subject", "end", "ada", "-except", handles[1]).code, 0)
	is.Equal(ended.Ended, 2)
	_, err = m.Load(t.Context(), ids[0])
	wants.Err(t, err, sessions.ErrNotFound)
	_, err = m.Load(t.Context(), ids[1])
	is.NoErr(err) // the -except session is alive
	for _, id := range ids {
		is.True(!strings.Contains(d.printed.String(), id))
	}
}

func TestRevokeBefore(t *testing.T) {
	is := is.New(t)
	d := newDesk(t)
	store := engine.Store(t, d.table)
	m, err := sessions.New(store, &sessions.Config[cart]{RevocationCheck: time.Second})
	is.NoErr(err)
	s, err := m.CreateAndSave(t.Context(), tea)
	is.NoErr(err)

	is.Equal(d.run("revoke-before", "now").code, exitStopped) // no answer on standard input
	d.stdin = "no\n"
	is.Equal(d.run("revoke-before", "now").code, exitStopped)
	_, err = m.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)

	d.stdin = "yes\n"
	r := d.run("revoke-before", s.CreatedAt().Add(-time.Hour).Format(time.RFC3339))
	is.Equal(r.code, 0)
	is.True(strings.Contains(r.errs, d.table)) // the question names the table
	is.True(strings.Contains(d.done("session", "show", s.Handle()), "alive"))

	d.done("revoke-before", "now", "-yes")
	is.True(strings.Contains(d.done("session", "show", s.Handle()), "ended (by revoke-before"))
	fresh, err := sessions.New(store, &sessions.Config[cart]{RevocationCheck: time.Second})
	is.NoErr(err)
	_, err = fresh.Load(t.Context(), s.ID().Secret())
	wants.Err(t, err, sessions.ErrNotFound)
	after, err := fresh.CreateAndSave(t.Context(), tea)
	is.NoErr(err)
	_, err = fresh.Load(t.Context(), after.ID().Secret())
	is.NoErr(err) // a session that begins later is not revoked

	d.done("revoke-before", "1970-01-01T00:00:00Z", "-yes") // takes the revocation back
	is.True(strings.Contains(d.done("session", "show", s.Handle()), "alive"))
}

// "now" is the table's time, not that of the operator's machine, which is an hour behind here.
func TestRevokeBefore_OnAMachineThatIsBehind(t *testing.T) {
	is := is.New(t)
	d := newDesk(t)
	to, err := url.Parse(engine.Endpoint(t))
	is.NoErr(err)
	ahead := httputil.NewSingleHostReverseProxy(to)
	ahead.ModifyResponse = func(r *http.Response) error {
		r.Header.Set("Date", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat))
		return nil
	}
	server := httptest.NewServer(ahead)
	defer server.Close()
	var said struct{ Before time.Time }
	d.json(&said, "revoke-before", "now", "-yes", "-endpoint", server.URL)
	is.True(time.Until(said.Before) > 50*time.Minute)
	d.json(&said, "revoke-before", time.Now().Add(10*time.Minute).Format(time.RFC3339), "-yes", "-endpoint", server.URL)
}

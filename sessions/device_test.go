package sessions_test

import (
	"strings"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions"
)

func TestDevice_IsStoredByTheLogin(t *testing.T) {
	is := is.New(t)
	p := newPeople(t, sessions.Config[cart]{})
	s := p.here.Create()
	s.Device = sessions.Device{Name: strings.Repeat("n", 200), IP: strings.Repeat("1", 56)}
	is.NoErr(p.here.Authenticate(t.Context(), s, "user"))
	got, err := p.elsewhere.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(got.Device, s.Device)
}

func TestDevice_HasABound(t *testing.T) {
	is := is.New(t)
	p := newPeople(t, sessions.Config[cart]{})
	for want, d := range map[string]sessions.Device{
		"Session.Device has 257 bytes, must have at most 256": {Name: strings.Repeat("n", 200), IP: strings.Repeat("1", 57)},
		"Session.Device is not UTF-8":                         {Name: "\xff"},
	} {
		s := p.here.Create()
		s.Device = d
		err := p.here.Authenticate(t.Context(), s, "user")
		is.True(err != nil)
		is.True(strings.Contains(err.Error(), want))
		is.Equal(p.mem.Len(), 0)
	}
}

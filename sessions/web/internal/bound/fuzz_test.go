package bound_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/dynasession/dynasession/integration/device"
	"github.com/dynasession/dynasession/sessions/web/internal/bound"
)

// Nothing that a browser sends causes a panic, and only what the key has signed registers or
// refreshes.
func FuzzParseResponse(f *testing.F) {
	s := device.NewES256(f)
	fresh, b := bound.New(), registered(f, s)
	registration, refresh := s.Registration(f, fresh.RegistrationChallenge(epoch)), s.Refresh(f, b.Challenge(epoch))
	rsa := device.NewRS256(f)
	for _, seed := range []string{registration, refresh, rsa.Registration(f, "c"), `"` + refresh + `"`, "", "..", "e30.e30.", rfcLogin} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		r, err := bound.ParseResponse([]string{value})
		if err != nil {
			return
		}
		// The challenges in the seeds depend on this run's secrets, which the fuzzer can't know. So
		// an accepted value must be a seed itself, or differ only where the signature does not
		// cover it.
		if _, err := fresh.Register(r, epoch); err == nil && !strings.Contains(value, registration[:strings.LastIndexByte(registration, '.')]) {
			t.Errorf("registered: %q", value)
		}
		if err := b.Refresh(r, life, epoch); err == nil && !strings.Contains(value, refresh[:strings.LastIndexByte(refresh, '.')]) {
			t.Errorf("refreshed: %q", value)
		}
	})
}

// Nothing that a client sends causes a panic, and only what the key has signed is accepted.
func FuzzParseProof(f *testing.F) {
	s := device.NewES256(f)
	login := s.Proof(f, claims(loginRequest, epoch, nil))
	b, err := bound.New().BindClient(parseProof(f, login), loginRequest, epoch)
	if err != nil {
		f.Fatal(err)
	}
	good := s.Proof(f, claims(itsRequest, epoch, device.Object{"nonce": b.Nonce(epoch)}))
	for _, seed := range []string{good, login, rfcLogin, rfcRequest, "", ".."} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		p, err := bound.ParseProof([]string{value})
		if err != nil {
			return
		}
		if b.CheckClient(p, itsRequest, life, epoch) == nil && !strings.HasPrefix(value, good[:strings.LastIndexByte(good, '.')]) {
			t.Errorf("accepted: %q", value)
		}
	})
}

// Nothing that is stored causes a panic, and a form that can be read is written back unchanged.
func FuzzParse(f *testing.F) {
	f.Add(bound.New().Bytes())
	f.Add(registered(f, device.NewES256(f)).Bytes())
	f.Add(registered(f, device.NewRS256(f)).Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := bound.Parse(data)
		if err == nil && !bytes.Equal(b.Bytes(), data) {
			t.Errorf("%x written as %x", data, b.Bytes())
		}
	})
}

// A session identifier from a browser is quoted back unchanged, or refused.
func FuzzSessionID(f *testing.F) {
	for _, seed := range []string{"sid", `"sid"`, `"a\"b"`, "a;b=c", "", " x\t"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		id, err := bound.SessionID([]string{value})
		if err != nil {
			return
		}
		if again, err := bound.SessionID([]string{`"` + id + `"`}); err != nil || again != id {
			t.Errorf("%q: %q", id, again)
		}
	})
}

// Nothing that a cookie holds causes a panic, and only our own values are accepted.
func FuzzCheckCookie(f *testing.F) {
	b := registered(f, device.NewES256(f))
	cookie := b.Cookie(epoch)
	for _, seed := range []string{cookie, b.Challenge(epoch), flip(cookie), "", strings.Repeat("A", 64)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if b.CheckCookie(value, life, epoch) == nil && value != cookie {
			t.Errorf("%q", value)
		}
	})
}

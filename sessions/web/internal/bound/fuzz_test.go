package bound_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/dynasession/dynasession/integration/device"
	"github.com/dynasession/dynasession/sessions/web/internal/bound"
)

// Whatever a browser sends: no panic, and nothing registers or refreshes that the key has not signed.
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
		// The challenges in the seeds are of this run's secrets, which the fuzzer can't know; what it
		// finds accepted must be a seed itself, or differ in what the signature does not cover.
		if _, err := fresh.Register(r, epoch); err == nil && !strings.Contains(value, registration[:strings.LastIndexByte(registration, '.')]) {
			t.Errorf("registered: %q", value)
		}
		if err := b.Refresh(r, life, epoch); err == nil && !strings.Contains(value, refresh[:strings.LastIndexByte(refresh, '.')]) {
			t.Errorf("refreshed: %q", value)
		}
	})
}

// Whatever a client sends: no panic, and nothing is accepted that the key has not signed.
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

// Whatever is stored: no panic, and what is read is written back the same.
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

// Whatever a browser names: what is read is quoted back as it was, or refused.
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

// Whatever a cookie holds: no panic, and only our own values are accepted.
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

package bound_test

import (
	"bytes"
	"encoding/hex"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/integration/device"
	"github.com/dynasession/dynasession/sessions/web/internal/bound"
)

// The stored form can be read for ever: each line of the golden file was written by some release.
func TestParse_GoldenFile(t *testing.T) {
	is := is.New(t)
	file, err := os.ReadFile("testdata/bindings.txt")
	is.NoErr(err)
	seen := map[string]bool{}
	for line := range strings.Lines(string(file)) {
		name, digits, ok := strings.Cut(strings.TrimSpace(line), " ")
		is.True(ok)
		data, err := hex.DecodeString(digits)
		is.NoErr(err)
		b, err := bound.Parse(data)
		is.NoErr(err)
		is.True(bytes.Equal(b.Bytes(), data)) // written as it was read
		at, ok := b.Registered()
		is.Equal(ok, name != "none")
		is.True(!ok || at.Equal(epoch.Add(life)))
		is.Equal(b.Browser(), name == "ES256" || name == "RS256")
		is.Equal(b.Client(), name == "DPoP")
		seen[name] = true
	}
	is.Equal(len(seen), 4) // every kind occurs
}

// A cookie and a challenge that were handed out stay valid across a release.
func TestStamps_GoldenValues(t *testing.T) {
	is := is.New(t)
	file, err := os.ReadFile("testdata/stamps.txt")
	is.NoErr(err)
	lines := strings.Fields(string(file))
	is.Equal(len(lines), 5)
	data, err := hex.DecodeString(lines[0])
	is.NoErr(err)
	b, err := bound.Parse(data)
	is.NoErr(err)
	is.Equal(b.Identifier(), lines[1])
	registration := parse(t, device.NewES256(t).Registration(t, lines[2]))
	_, err = bound.WithoutKey(b).Register(registration, epoch)
	is.NoErr(err)
	// The challenge is accepted, and only the key is missing.
	refresh := parse(t, device.NewES256(t).Refresh(t, lines[3]))
	refused(t, b.Refresh(refresh, life, epoch), bound.ErrSignature)
	is.NoErr(b.CheckCookie(lines[4], life, epoch))
}

func TestBytes_AreCompact(t *testing.T) {
	is := is.New(t)
	is.Equal(len(bound.New().Bytes()), bound.FixedBytes)
	is.Equal(len(registered(t, device.NewES256(t)).Bytes()), 75)
	is.Equal(len(registered(t, device.NewRS256(t)).Bytes()), 42+4+256)
}

// A registration doesn't change the bytes that encrypted data is bound to, and each session has its
// own.
func TestBytes_ARegistrationKeepsTheFirst(t *testing.T) {
	is := is.New(t)
	s := device.NewES256(t)
	before := bound.New()
	after, err := before.Register(parse(t, s.Registration(t, before.RegistrationChallenge(epoch))), epoch.Add(time.Second))
	is.NoErr(err)
	is.Equal(before.Bytes()[:bound.FixedBytes], after.Bytes()[:bound.FixedBytes])
	is.True(!bytes.Equal(before.Bytes()[:bound.FixedBytes], bound.New().Bytes()[:bound.FixedBytes]))
}

func TestParse_Refuses(t *testing.T) {
	good := registered(t, device.NewES256(t)).Bytes()
	change := func(i int, to byte) []byte {
		b := bytes.Clone(good)
		b[i] = to
		return b
	}
	for name, data := range map[string][]byte{
		"nothing":         nil,
		"a newer version": change(0, 2),
		"another kind":    change(33, 9),
		"kind 0":          change(33, 0),
		"another's key":   change(33, 2),
		"DPoP, too long":  change(33, 3),
		"no such point":   append(bytes.Clone(good[:42]), bytes.Repeat([]byte{0xff}, 33)...),
		"cut":             good[:len(good)-1],
		"no key":          good[:42],
		"no time":         good[:37],
		"longer":          append(bytes.Clone(good), 0),
		"DPoP of zeros":   append(change(33, 3)[:42], make([]byte, 32)...),
		"RSA of zeros":    append(change(33, 2)[:42], make([]byte, 260)...),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := bound.Parse(data)
			refused(t, err, bound.ErrMalformed)
		})
	}
}

package sessions_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
)

var (
	oldKey = []byte("an old key, 24 bytes lng")
	newKey = []byte("the new one of 24 bytes!")
)

func TestSignedIDsAreValueDotHMAC(t *testing.T) {
	is := is.New(t)
	scheme := sessions.SignedIDs(32, newKey, oldKey)
	id := scheme.New()
	value, sig, ok := strings.Cut(id.Secret(), ".")
	is.True(ok)
	is.Equal(len(value), 43)
	mac := hmac.New(sha256.New, newKey)
	mac.Write([]byte(value))
	is.Equal(sig, base64.RawURLEncoding.EncodeToString(mac.Sum(nil))) // keys[0] signs

	back, err := scheme.Parse(id.Secret())
	is.NoErr(err)
	is.Equal(back, id)
	is.Equal(scheme.Key(id), id.Handle()) // of the whole text, signature included
}

// While a deploy rolls, hosts with two forms next to each other accept each other's IDs.
func TestSignedIDsSurviveARotationOfKeys(t *testing.T) {
	is := is.New(t)
	first, second := sessions.SignedIDs(32, oldKey, newKey), sessions.SignedIDs(32, newKey, oldKey)
	for _, hosts := range [][2]sessions.IDScheme{{sessions.SignedIDs(32, oldKey), first}, {first, second}} {
		for n := range hosts {
			_, err := hosts[1-n].Parse(hosts[n].New().Secret())
			is.NoErr(err)
		}
	}
	after := sessions.SignedIDs(32, newKey)
	_, err := after.Parse(second.New().Secret())
	is.NoErr(err) // a recent one is signed by the new key
	_, err = after.Parse(first.New().Secret())
	wants.Err(t, err, sessions.ErrInvalidID) // the dropped key verifies nothing
}

func TestSignedIDsRefuseForgery(t *testing.T) {
	is := is.New(t)
	scheme := sessions.SignedIDs(32, newKey)
	good := scheme.New().Secret()
	value, sig, _ := strings.Cut(good, ".")
	other, _, _ := strings.Cut(scheme.New().Secret(), ".")
	for name, text := range map[string]string{
		"empty":                 "",
		"no signature":          value,
		"empty signature":       value + ".",
		"no value":              "." + sig,
		"foreign key":           sessions.SignedIDs(32, oldKey).New().Secret(),
		"signature of another":  other + "." + sig,
		"two dots":              value + "." + sig + "." + sig,
		"a dot behind":          good + ".",
		"cut signature":         good[:len(good)-1],
		"longer signature":      good + "A",
		"padded signature":      good + "=",
		"signature's case":      value + "." + strings.ToUpper(sig),
		"quoted":                `"` + good + `"`,
		"unsigned spare bits":   value + "." + sig[:len(sig)-1] + string(sig[len(sig)-1]+1),
		"value of another size": sessions.SignedIDs(16, newKey).New().Secret(),
	} {
		id, err := scheme.Parse(text)
		if !errors.Is(err, sessions.ErrInvalidID) || id != (sessions.ID{}) {
			t.Errorf("%s: accepted, or refused with %v", name, err)
		}
	}
	_, err := scheme.Parse(good)
	is.NoErr(err) // the genuine one is accepted
}

func TestSignedIDsKeepTheirOwnKeys(t *testing.T) {
	is := is.New(t)
	key := []byte(strings.Repeat("k", 32))
	scheme := sessions.SignedIDs(32, key)
	id := scheme.New()
	clear(key) // like an application that wipes its secrets
	_, err := scheme.Parse(id.Secret())
	is.NoErr(err)
}

func TestSignedIDsShowNoKey(t *testing.T) {
	key := []byte("0123456789abcdef-secret-material")
	scheme := sessions.SignedIDs(32, key)
	cfg := sessions.Config[cart]{IDs: scheme}
	for _, verb := range verbs {
		for _, v := range []any{scheme, []any{scheme}, cfg, &cfg} {
			shows(t, string(key), fmt.Sprintf(verb, v), "%T printed with %s", v, verb)
		}
	}
}

func FuzzSignedIDsParse(f *testing.F) {
	scheme := sessions.SignedIDs(16, newKey, oldKey)
	// Signed with newKey, and the same in each of the fuzzer's processes.
	const genuine = "ExfvItwp8ChNz8TgEwqJzA.UKNHD_XlulVnnIBk8DsFOx8EMjWBlo5I8ZpfboZI_SI"
	if _, err := scheme.Parse(genuine); err != nil {
		f.Fatal(err)
	}
	f.Add(genuine)
	f.Add(strings.ToUpper(genuine))
	f.Add(".")
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := scheme.Parse(text); err == nil && text != genuine {
			t.Fatalf("accepted %q, which no key of ours has signed", text)
		}
	})
}

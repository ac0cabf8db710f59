package pysession_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/memstore"
	"github.com/dynasession/dynasession/sessions/pysession"
)

const value = "WaHnSSou4d5Rq0k11vFGafe4sjMrkwiVhNziIWLLwMc"

func TestIDs_AreTheKeys(t *testing.T) {
	is := is.New(t)
	plain, signed := pysession.IDs(32), pysession.IDs(32, "old", "new")
	is.Equal(len(plain.New().Secret()), 43)
	is.Equal(len(signed.New().Secret()), 71)
	for _, ids := range []sessions.IDScheme{plain, signed} {
		id := ids.New()
		is.Equal(ids.Key(id), id.Secret())
		back, err := ids.Parse(id.Secret())
		is.NoErr(err)
		is.Equal(back, id)
	}
}

// The vectors of itsdangerous whose values are IDs; the others are in signature_test.go.
func TestIDs_TakeWhatItsdangerousHasSigned(t *testing.T) {
	is := is.New(t)
	for key, text := range map[string]string{
		"secret-key": value + ".0bmtDqqE6GRFoJsehmiFp__ylLA",
		"k1":         value + ".ZML0frjq8B43y53K1kIfIICeABM",
	} {
		for _, keys := range [][]string{{key}, {"older", key}, {key, "newer"}} {
			id, err := pysession.IDs(32, keys...).Parse(text)
			is.NoErr(err)
			is.Equal(id.Secret(), text)
		}
	}
}

func TestIDs_RefuseWhatIsNotLetterByLetterOurs(t *testing.T) {
	is := is.New(t)
	ids := pysession.IDs(32, "secret-key")
	const good = value + ".0bmtDqqE6GRFoJsehmiFp__ylLA"
	for _, bad := range []string{
		"", value, value + ".", good + "=", good + ".x", "." + good, strings.Replace(good, "WaH", "WaG", 1), good[:len(good)-1] + "B",
		value + ".ZML0frjq8B43y53K1kIfIICeABM", "my string.W6Hp4GX6NvrfzAhWJM8UubCYEjM", `"` + good + `"`, strings.Repeat("a", 5000),
	} {
		_, err := ids.Parse(bad)
		wants.Err(t, err, sessions.ErrInvalidID)
		is.True(bad == "" || !strings.Contains(err.Error(), bad))
	}
	_, err := pysession.IDs(32).Parse(good) // this scheme has no keys
	wants.Err(t, err, sessions.ErrInvalidID)
}

func TestIDs_TheLoggableIDIsPythons(t *testing.T) {
	is := is.New(t)
	for text, want := range map[string]string{
		"some_unknown_session_id": "4ee055b82b9f592c6a5a0bc8d2a0b59890b97c93cc68db0f6738df05c37089aba958d405b82ec604209074a7a8d5b9fc55211b6ef1ed9e7832a58b05abadb04b",
		value:                     "517286da2682be08dc9975612dc86d65487f0990906656f631d419e64dcda6f41f5e0529c290663be315524a0b35777645e0e827d2e982a048b5e2b4bba4e02b",
	} {
		is.Equal(sessions.IDOf(text).Handle(), want)
	}
	empty := sessions.IDOf("").Handle()
	is.True(strings.HasPrefix(empty, "cf83e135") && strings.HasSuffix(empty, "f927da3e"))
}

func TestIDs_AreChecked(t *testing.T) {
	is := is.New(t)
	for want, ids := range map[string]sessions.IDScheme{
		"at least 16":            pysession.IDs(15),
		"a signing key is empty": pysession.IDs(32, "k", ""),
	} {
		_, err := sessions.New(memstore.New(nil), &sessions.Config[int]{IDs: ids})
		is.True(err != nil)
		wants.Text(t, err, want)
	}
}

func TestIDs_PrintedShowNoKey(t *testing.T) {
	is := is.New(t)
	ids := pysession.IDs(32, "s3cret")
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x"} {
		is.True(!strings.Contains(fmt.Sprintf(verb, ids), "s3cret"))
	}
}

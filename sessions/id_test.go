package sessions_test

import (
	"bytes"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions"
)

// verbs are all verbs of fmt, and some unknown ones.
var verbs = []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%o", "%b", "%c", "%U", "%e", "%t", "%T", "%p", "%z", "%10s", "%-200v"}

func TestIDShowsItselfToSecretAlone(t *testing.T) {
	is := is.New(t)
	id := sessions.RandomIDs(32).New()
	is.Equal(len(id.Secret()), 43) // 32 bytes in base64url

	type holder struct {
		ID      sessions.ID
		private sessions.ID
	}
	values := map[string]any{
		"ID": id, "*ID": &id, "[]ID": []sessions.ID{id}, "[]*ID": []*sessions.ID{&id},
		"map": map[string]sessions.ID{"id": id}, "key": map[sessions.ID]bool{id: true},
		"struct": holder{id, id}, "*struct": &holder{id, id}, "any": []any{id}, "[1]ID": [1]sessions.ID{id},
	}
	for name, v := range values {
		for _, verb := range verbs {
			shows(t, id.Secret(), fmt.Sprintf(verb, v), "%s printed with %s", name, verb)
		}
		if name != "key" {
			out, err := json.Marshal(v)
			is.NoErr(err)
			shows(t, id.Secret(), string(out), "%s as JSON", name)
		}
		for _, log := range logs(v) {
			shows(t, id.Secret(), log, "%s logged", name)
		}
	}
}

// shows fails if text contains the secret in any form in which fmt might print it.
func shows(t *testing.T, secret, text, where string, args ...any) {
	t.Helper()
	for _, form := range []string{secret, fmt.Sprintf("%x", secret), fmt.Sprintf("%X", secret), fmt.Sprintf("%d", []byte(secret)), fmt.Sprintf("%b", []byte(secret))} {
		if strings.Contains(text, strings.Trim(form, "[]")) {
			t.Errorf("the secret shows in "+where, args...)
		}
	}
}

// logs returns v as slog's handlers log it.
func logs(v any) []string {
	var asText, asJSON bytes.Buffer
	slog.New(slog.NewTextHandler(&asText, nil)).Info("m", "v", v)
	slog.New(slog.NewJSONHandler(&asJSON, nil)).Info("m", "v", v)
	return []string{asText.String(), asJSON.String()}
}

func TestIDEveryFormIsLoggable(t *testing.T) {
	is := is.New(t)
	id := sessions.RandomIDs(32).New()
	want := id.Handle()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		is.Equal(fmt.Sprintf(verb, id), want) // every verb
	}
	is.Equal(id.String(), want)
	is.Equal(id.GoString(), want)
	is.Equal(id.LogValue().String(), want)
	b, err := id.MarshalText()
	is.NoErr(err)
	is.Equal(string(b), want)
	b, err = json.Marshal(id)
	is.NoErr(err)
	is.Equal(string(b), `"`+want+`"`)
}

func TestLoggableIsTheHexSHA512OfTheText(t *testing.T) {
	is := is.New(t)
	const known = "WaHnSSou4d5Rq0k11vFGafe4sjMrkwiVhNziIWLLwMc"
	id, err := sessions.RandomIDs(32).Parse(known)
	is.NoErr(err)
	is.Equal(id.Handle(), "517286da2682be08dc9975612dc86d65487f0990906656f631d419e64dcda6f4"+
		// The string that dynamodb-session-web logs.
		"1f5e0529c290663be315524a0b35777645e0e827d2e982a048b5e2b4bba4e02b")
	is.Equal(id.Secret(), known)
}

// The hash covers the whole text: a signed ID has 87 characters.
func TestLoggableIsOfTheWholeText(t *testing.T) {
	for _, n := range []int{1, 43, 63, 64, 65, 87, 128, 1366} {
		is := is.New(t)
		text := strings.Repeat("x", n-1) + "y"
		sum := sha512.Sum512([]byte(text))
		is.Equal(sessions.IDOf(text).Handle(), hex.EncodeToString(sum[:]))
	}
}

func TestZeroIDIsEmpty(t *testing.T) {
	is := is.New(t)
	var id sessions.ID
	is.Equal(id.Secret(), "")
	is.True(strings.HasPrefix(id.Handle(), "cf83e135")) // the hash of the empty text
}

func TestIDsCompare(t *testing.T) {
	is := is.New(t)
	scheme := sessions.RandomIDs(16)
	a, b := scheme.New(), scheme.New()
	again, err := scheme.Parse(a.Secret())
	is.NoErr(err)
	is.True(a == again) // the same text is the same ID
	is.True(a != b)     // another is not
}

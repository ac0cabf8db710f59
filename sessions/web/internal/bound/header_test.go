package bound_test

import (
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions/web/internal/bound"
)

func TestHeaders(t *testing.T) {
	is := is.New(t)
	is.Equal(bound.Registration("/.dbsc/register", "c"), `(ES256 RS256);path="/.dbsc/register";challenge="c"`)
	is.Equal(bound.Challenge("c", "sid"), `"c";id="sid"`)
	is.Equal(bound.Challenge(`a"b\c`, "sid"), `"a\"b\\c";id="sid"`)
	is.Equal(string(bound.Instructions("sid", "/.dbsc/refresh", "__Host-id-bound", "Path=/; Secure; HttpOnly; SameSite=Lax")),
		`{"session_identifier":"sid","refresh_url":"/.dbsc/refresh","scope":{"include_site":false},`+
			`"credentials":[{"type":"cookie","name":"__Host-id-bound","attributes":"Path=/; Secure; HttpOnly; SameSite=Lax"}]}`)
}

func TestSessionID_BareOrQuoted(t *testing.T) {
	is := is.New(t)
	for _, value := range []string{"sid", `"sid"`, ` "sid" `} {
		id, err := bound.SessionID([]string{value})
		is.NoErr(err)
		is.Equal(id, "sid")
	}
	for _, values := range [][]string{nil, {""}, {`"`}, {`""`}, {"a", "b"}, {"a b"}, {"a;b"}, {`"a";b=c`}, {"a\x00"}, {"ä"}, {`"a\"b"`}} {
		_, err := bound.SessionID(values)
		refused(t, err, bound.ErrMalformed)
	}
}

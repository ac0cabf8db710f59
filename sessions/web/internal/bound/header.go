package bound

import (
	"encoding/json"
	"fmt"
	"strings"
)

// The headers of DBSC that the server reads.
const (
	HeaderResponse  = "Secure-Session-Response" // the proof
	HeaderSessionID = "Sec-Secure-Session-Id"   // the session to refresh
)

// The headers of DBSC that the server sends.
const (
	HeaderRegistration = "Secure-Session-Registration"
	HeaderChallenge    = "Secure-Session-Challenge"
)

// Registration returns the value of Secure-Session-Registration, which asks the browser to make a
// key and to register it at path.
func Registration(path, challenge string) string {
	return "(" + ES256 + " " + RS256 + ");path=" + quote(path) + ";challenge=" + quote(challenge)
}

// Challenge returns the value of Secure-Session-Challenge, which gives the browser a challenge for
// its session with that identifier.
func Challenge(challenge, identifier string) string {
	return quote(challenge) + ";id=" + quote(identifier)
}

// SessionID returns the session identifier in the values of Sec-Secure-Session-Id, of which there
// must be exactly one, bare or in quotes.
func SessionID(values []string) (string, error) { return one(values) }

// Instructions returns the JSON that answers a registration: which requests need the bound cookie,
// and where to refresh it.
func Instructions(identifier, refreshPath, cookie, attributes string) []byte {
	type credential struct {
		Type       string `json:"type"`
		Name       string `json:"name"`
		Attributes string `json:"attributes"`
	}
	type scope struct {
		IncludeSite bool `json:"include_site"`
	}
	out, _ := json.Marshal(struct { // strings and a bool can't fail
		Identifier  string       `json:"session_identifier"`
		RefreshURL  string       `json:"refresh_url"`
		Scope       scope        `json:"scope"`
		Credentials []credential `json:"credentials"`
	}{identifier, refreshPath, scope{}, []credential{{"cookie", cookie, attributes}}})
	return out
}

// quote returns s as a string of structured fields (RFC 9651), for printable ASCII.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// one returns the string that is a header's only value. The draft requires a quoted string of
// structured fields; Chromium sends it without quotes.
func one(values []string) (string, error) {
	if len(values) != 1 {
		return "", fmt.Errorf("%w: must be one header, not %d", ErrMalformed, len(values))
	}
	if len(values[0]) > MaxToken+2 {
		return "", fmt.Errorf("%w: %d bytes, must have at most %d", ErrTooLong, len(values[0]), MaxToken)
	}
	text := strings.Trim(values[0], " \t")
	if quoted := len(text) >= 2 && text[0] == '"' && text[len(text)-1] == '"'; quoted {
		text = text[1 : len(text)-1]
	}
	if text == "" {
		return "", fmt.Errorf("%w: empty", ErrMalformed)
	}
	for _, c := range []byte(text) { // valid values need no escape
		if c <= ' ' || c >= 0x7f || c == '"' || c == '\\' || c == ';' || c == ',' {
			return "", fmt.Errorf("%w: a character that no token has", ErrMalformed)
		}
	}
	return text, nil
}

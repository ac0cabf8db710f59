package bound

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// MaxToken is the largest accepted length of a proof in bytes. A proof with an RSA key of 4096 bits
// has about 2,200.
const MaxToken = 8 << 10

// token is a JSON Web Signature in compact form (RFC 7515), parsed and not verified.
type token struct {
	header, payload members
	signed          string // the text that the signature covers
	signature       []byte
}

// parseToken parses text, whose header must name the type typ.
func parseToken(text, typ string) (token, error) {
	if len(text) > MaxToken {
		return token{}, fmt.Errorf("%w: %d bytes, must have at most %d", ErrTooLong, len(text), MaxToken)
	}
	if strings.Count(text, ".") != 2 {
		return token{}, fmt.Errorf("%w: not three parts", ErrMalformed)
	}
	last := strings.LastIndexByte(text, '.')
	header, payload, _ := strings.Cut(text[:last], ".")
	t := token{signed: text[:last]}
	var err error
	if t.header, err = decodeMembers(header); err != nil {
		return token{}, fmt.Errorf("header: %w", err)
	}
	if got, err := t.header.text("typ"); err != nil || got != typ {
		return token{}, fmt.Errorf("%w: typ must be %q", ErrMalformed, typ)
	}
	for _, name := range []string{"crit", "b64"} { // extensions that change the signed text
		if t.header.has(name) {
			return token{}, fmt.Errorf("%w: header has %s", ErrMalformed, name)
		}
	}
	if t.payload, err = decodeMembers(payload); err != nil {
		return token{}, fmt.Errorf("payload: %w", err)
	}
	if t.signature, err = decode64(text[last+1:]); err != nil {
		return token{}, fmt.Errorf("signature: %w", err)
	}
	return t, nil
}

// verify checks that k made the signature, by the algorithm that the header names.
func (t token) verify(k Key) error {
	alg, err := t.header.text("alg")
	if err != nil || alg != k.Algorithm() {
		return fmt.Errorf("%w: must be %s", ErrAlgorithm, k.Algorithm())
	}
	return k.verify(t.signed, t.signature)
}

// key returns the public key in the header, which must suit the algorithm there.
func (t token) key() (Key, error) {
	alg, err := t.header.text("alg")
	if err != nil {
		return Key{}, fmt.Errorf("%w: none named", ErrAlgorithm)
	}
	jwk, err := t.header.object("jwk")
	if err != nil {
		return Key{}, fmt.Errorf("%w: jwk: %w", ErrKey, err)
	}
	return parseJWK(jwk, alg)
}

// members are the members of a JSON object. Names match exactly and occur once; encoding/json would
// ignore case, and take the last of two.
type members map[string]json.RawMessage

// parseMembers parses one JSON object and nothing else. Its members must have different names.
func parseMembers(data []byte) (members, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, fmt.Errorf("%w: not a JSON object", ErrMalformed)
	}
	m := members{}
	for d.More() {
		t, err := d.Token()
		name, isName := t.(string)
		if err != nil || !isName {
			return nil, fmt.Errorf("%w: not a JSON object", ErrMalformed)
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, fmt.Errorf("%w: not a JSON object", ErrMalformed)
		}
		if m.has(name) {
			return nil, fmt.Errorf("%w: two members of one name", ErrMalformed)
		}
		m[name] = value
	}
	if _, err := d.Token(); err != nil { // the closing brace
		return nil, fmt.Errorf("%w: not a JSON object", ErrMalformed)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("%w: something after the JSON object", ErrMalformed)
	}
	return m, nil
}

func decodeMembers(text string) (members, error) {
	data, err := decode64(text)
	if err != nil {
		return nil, err
	}
	return parseMembers(data)
}

func (m members) has(name string) bool {
	_, ok := m[name]
	return ok
}

// text returns a member that must be a string.
func (m members) text(name string) (string, error) {
	raw := m[name]
	var s string
	if len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &s) != nil {
		return "", fmt.Errorf("%w: %s must be a string", ErrMalformed, name)
	}
	return s, nil
}

// object returns a member that must be an object.
func (m members) object(name string) (members, error) {
	if !m.has(name) {
		return nil, fmt.Errorf("%w: no %s", ErrMalformed, name)
	}
	return parseMembers(m[name])
}

// decode64 decodes base64url without padding, and refuses all but the one canonical form of a
// value.
func decode64(text string) ([]byte, error) {
	if strings.ContainsAny(text, "\r\n") { // package base64 ignores them
		return nil, fmt.Errorf("%w: not base64url", ErrMalformed)
	}
	data, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("%w: not base64url", ErrMalformed)
	}
	return data, nil
}

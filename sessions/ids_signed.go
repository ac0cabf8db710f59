package sessions

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"slices"
	"strings"
)

// minKeyBytes is the minimum length of a signing key: the 128 bits that OWASP ASVS 7.2.3 requires
// of the ID itself.
const minKeyBytes = 16

// SignedIDs returns the scheme of [RandomIDs] with a signature: an ID is the value, ".", and the
// HMAC-SHA256 of the value's text in base64url without padding. An ID that none of the keys has
// signed is refused without a store call, so guesses cost no store calls. keys[0] signs; all
// verify. There must be at least one key, and each must have at least 16 bytes; otherwise [New]
// returns an error.
//
// To rotate, deploy the new key behind the old one, then in front of it, and drop the old one when
// the absolute timeout has passed. Without the first deploy, a host that doesn't have the new key
// yet takes the users of its IDs for visitors.
func SignedIDs(bytes int, keys ...[]byte) IDScheme {
	own := make([][]byte, 0, len(keys))
	for _, k := range keys {
		own = append(own, slices.Clone(k))
	}
	return &signedIDs{random: randomIDs{bytes}, keys: func() [][]byte { return own }}
}

// signedIDs holds its keys in a function, so that no verb of fmt prints them: a verb that does not
// suit a struct prints its fields and what they point to, and calls no method.
type signedIDs struct {
	random randomIDs
	keys   func() [][]byte
}

func (s *signedIDs) New() ID {
	value := s.random.text()
	if value == "" || len(s.keys()) == 0 {
		return ID{}
	}
	return newID(value + "." + signature(s.keys()[0], value))
}

func (s *signedIDs) Parse(text string) (ID, error) {
	value, sig, ok := strings.Cut(text, ".")
	if !ok {
		return ID{}, fmt.Errorf("%w: not signed", ErrInvalidID)
	}
	if err := s.random.check(value); err != nil {
		return ID{}, err
	}
	good := false
	for _, k := range s.keys() { // check every key, so that the time reveals nothing
		good = hmac.Equal([]byte(sig), []byte(signature(k, value))) || good
	}
	if !good {
		return ID{}, fmt.Errorf("%w: signed by no key of ours", ErrInvalidID)
	}
	return newID(text), nil
}

func (s *signedIDs) Key(id ID) string { return id.Handle() }

// Validate returns an error if the size is out of bounds, or if there is no key or one that is too
// short.
func (s *signedIDs) Validate() error {
	if len(s.keys()) == 0 {
		return fmt.Errorf("signed IDs: at least one key is needed")
	}
	for i, k := range s.keys() {
		if len(k) < minKeyBytes {
			return fmt.Errorf("signed IDs: key %d has %d bytes, must have at least %d", i, len(k), minKeyBytes)
		}
	}
	return s.random.Validate()
}

// Format prints the number of keys, but no key.
func (s *signedIDs) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "IDs of %d random bytes, signed by one of %d keys", s.random.bytes, len(s.keys()))
}

func signature(key []byte, value string) string {
	mac := hmac.New(sha256.New, key)
	io.WriteString(mac, value)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

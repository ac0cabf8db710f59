package pysession

import (
	"crypto/hmac"
	"fmt"
	"slices"
	"strings"

	"github.com/dynasession/dynasession/sessions"
)

// IDs returns the scheme of dynamodb-session-web: the given number of random bytes, at least 16, in
// base64url without padding, and signed as itsdangerous does if there are keys. The last key signs,
// all verify; see [Options] for how to rotate them. The table's key is the ID itself, including the
// signature.
func IDs(bytes int, keys ...string) sessions.IDScheme {
	own := make([][]byte, 0, len(keys))
	for _, k := range keys {
		own = append(own, derive(k))
	}
	empty := slices.Contains(keys, "")
	return &ids{random: sessions.RandomIDs(bytes), bytes: bytes, signed: len(keys), empty: empty, keys: func() [][]byte { return own }}
}

// ids holds its keys in a function, so that no verb of fmt prints them.
type ids struct {
	random sessions.IDScheme
	bytes  int
	signed int // how many keys there are
	empty  bool
	keys   func() [][]byte
}

func (s *ids) New() sessions.ID {
	id := s.random.New()
	value := id.Secret()
	if value == "" || s.signed == 0 {
		return id
	}
	return sessions.IDOf(value + "." + sign(s.keys()[s.signed-1], value))
}

// Parse refuses any text that New can't have made. The Python library also accepts a signature with
// spare bits set.
func (s *ids) Parse(text string) (sessions.ID, error) {
	if s.signed == 0 {
		return s.random.Parse(text)
	}
	dot := strings.LastIndexByte(text, '.')
	if dot < 0 {
		return sessions.ID{}, fmt.Errorf("%w: not signed", sessions.ErrInvalidID)
	}
	value, sig := text[:dot], text[dot+1:]
	if _, err := s.random.Parse(value); err != nil {
		return sessions.ID{}, err
	}
	good := false
	for _, key := range s.keys() { // check every key, so that the time reveals nothing
		good = hmac.Equal([]byte(sig), []byte(sign(key, value))) || good
	}
	if !good {
		return sessions.ID{}, fmt.Errorf("%w: signed by no key of ours", sessions.ErrInvalidID)
	}
	return sessions.IDOf(text), nil
}

// Key returns the ID itself, as dynamodb-session-web does.
func (s *ids) Key(id sessions.ID) string { return id.Secret() }

// Validate returns an error if the size is out of bounds, or if a key is empty.
func (s *ids) Validate() error {
	if s.empty {
		return fmt.Errorf("pysession: a signing key is empty")
	}
	if v, ok := s.random.(interface{ Validate() error }); ok {
		return v.Validate()
	}
	return nil
}

// Format prints the number of keys, but no key.
func (s *ids) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "IDs of %d random bytes as keys, signed by one of %d keys", s.bytes, s.signed)
}

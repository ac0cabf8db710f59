package sessions

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
)

// The bounds of the random part of an ID, in bytes. OWASP ASVS 7.2.3 asks for 128 bits; more than
// 1024 bytes outgrow a cookie.
const (
	minIDBytes     = 16
	maxIDBytes     = 1024
	defaultIDBytes = 32
	handleIDBytes  = 96 // in base64url, as many characters as a handle has
)

// RandomIDs returns a scheme whose IDs are n random bytes from crypto/rand, in base64url without
// padding: 43 characters for the default of 32 bytes. n must be at least 16 and at most 1024, and
// not 96, whose IDs would look like handles; otherwise [New] returns an error. The key is
// [ID.Handle].
func RandomIDs(n int) IDScheme { return randomIDs{n} }

type randomIDs struct{ bytes int }

func (r randomIDs) New() ID { return newID(r.text()) }

func (r randomIDs) text() string {
	if r.Validate() != nil {
		return ""
	}
	b := make([]byte, r.bytes)
	rand.Read(b) // never fails: the program ends if the system has no randomness
	return base64.RawURLEncoding.EncodeToString(b)
}

func (r randomIDs) Parse(s string) (ID, error) {
	if err := r.check(s); err != nil {
		return ID{}, err
	}
	return newID(s), nil
}

var strictBase64 = base64.RawURLEncoding.Strict()

// check refuses what text can't have made. Strict refuses the spare bits of the last character,
// with which one value would have several texts; the decoded length refuses line breaks, which the
// decoder skips.
func (r randomIDs) check(s string) error {
	if r.Validate() != nil || len(s) != base64.RawURLEncoding.EncodedLen(r.bytes) {
		return fmt.Errorf("%w: wrong length", ErrInvalidID)
	}
	var buf [maxIDBytes + 2]byte
	n, err := strictBase64.Decode(buf[:], []byte(s))
	if err != nil || n != r.bytes {
		return fmt.Errorf("%w: not base64url", ErrInvalidID)
	}
	return nil
}

func (r randomIDs) Key(id ID) string { return id.Handle() }

// Validate returns an error if n is out of bounds.
func (r randomIDs) Validate() error {
	if r.bytes < minIDBytes || r.bytes > maxIDBytes {
		return fmt.Errorf("IDs of %d random bytes: must be at least %d and at most %d", r.bytes, minIDBytes, maxIDBytes)
	}
	if r.bytes == handleIDBytes {
		return fmt.Errorf("IDs of %d random bytes: must be of another size, as a handle has the form of one", r.bytes)
	}
	return nil
}

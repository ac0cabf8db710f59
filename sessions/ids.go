package sessions

import (
	"crypto/rand"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"unicode/utf8"
	"unique"

	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/internal/rosters"
)

// ID is a session ID: a bearer secret. Anyone who holds it is treated as the user. Only [ID.Secret]
// returns its text. Printed with any fmt verb, logged through slog, or marshaled to JSON or text,
// it shows [ID.Handle] instead.
//
// An [IDScheme] makes IDs, and only a [Manager] asks for new ones. IDs can be compared with ==. The
// zero ID belongs to no session; its text is empty.
type ID struct {
	// Printed by reflection, a handle shows an address, whereas a string field would show the
	// secret.
	text unique.Handle[string]

	// former is the path to the scheme of MigrateIDs or AcceptIDs that has recognised it, bit by
	// bit: 1 means the second one.
	former uint8
}

// IDOf returns the ID with the given text, for an implementation of [IDScheme]. Applications pass
// client text to Manager.Load, which validates it.
func IDOf(text string) ID { return newID(text) }

func newID(text string) ID {
	if text == "" {
		return ID{}
	}
	return ID{text: unique.Make(text)}
}

// Secret returns the ID's text. Give it only to the client that the session belongs to.
func (id ID) Secret() string {
	if id == (ID{}) {
		return ""
	}
	return id.text.Value()
}

// Handle returns the lowercase hex SHA-512 of the ID's text, 128 characters. It identifies the
// session in logs, in lists and as the store's key. It gives no access: the ID can't be computed
// from it. The Python library calls it the loggable session ID.
func (id ID) Handle() string { return hash(id.Secret()) }

func hash(text string) string {
	var room [64]byte // fits IDs of the default size: saves an allocation
	sum := sha512.Sum512(append(room[:0], text...))
	var buf [2 * sha512.Size]byte
	return string(hex.AppendEncode(buf[:0], sum[:]))
}

// Format writes [ID.Handle] for every verb.
func (id ID) Format(f fmt.State, _ rune) { io.WriteString(f, id.Handle()) }

// String returns [ID.Handle].
func (id ID) String() string { return id.Handle() }

// GoString returns [ID.Handle].
func (id ID) GoString() string { return id.Handle() }

// LogValue returns [ID.Handle].
func (id ID) LogValue() slog.Value { return slog.StringValue(id.Handle()) }

// MarshalText returns [ID.Handle]. It can't be unmarshaled: an ID is not meant to be stored.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.Handle()), nil }

// IDScheme makes session IDs, recognises those it made, and says under which key the store keeps
// their sessions. [RandomIDs] is the default; [SignedIDs] refuses forged IDs without a store call.
// It is safe for concurrent use.
type IDScheme interface {
	// New returns a new, unguessable ID.
	New() ID

	// Parse returns the ID with the text s, which a client sent. The error is [ErrInvalidID] if New
	// can't have made it. Parse must not repair s, say by trimming quotes, space or padding. The
	// error must not contain s.
	Parse(s string) (ID, error)

	// Key returns the store's key of id's session, in UTF-8 and without a colon; two IDs never have
	// the same one. It should be [ID.Handle]. The Manager treats a key that doesn't look like a
	// handle as a secret, which it never shows, and as a key of a table that other software reads:
	// it deletes a session that ends instead of leaving a marker.
	Key(id ID) string
}

var (
	errTakesHandles = errors.New("a handle, which logs and lists show, is accepted as an ID")
	errOwnID        = errors.New("an ID that New has made is refused by Parse")
)

// validateIDs returns an error if a scheme isn't usable.
func validateIDs(ids IDScheme) error {
	if isNil(ids) {
		return errNil
	}
	if v, ok := ids.(validator); ok {
		if err := v.Validate(); err != nil {
			return err
		}
	}
	id, another := ids.New(), ids.New()
	parsed, err := ids.Parse(id.Secret())
	if err != nil {
		return fmt.Errorf("%w: %w", errOwnID, err)
	}
	if id == (ID{}) || id == another {
		return errors.New("New returns an empty ID, or the same ID twice")
	}
	if _, err := ids.Parse(id.Handle()); err == nil {
		return errTakesHandles
	}
	return validateKeys(ids.Key(id), ids.Key(parsed), ids.Key(another))
}

// validateKeys checks the keys of an ID, of the same ID as Parse returns it, and of another ID. The
// error doesn't show a key, which may be an ID.
func validateKeys(key, parsed, another string) error {
	switch {
	case key == "":
		return errors.New("Key returns an empty key")
	case !utf8.ValidString(key): // a store may replace the bytes that aren't, and then keys collide
		return errors.New("Key returns a key that is not UTF-8")
	case driver.Reserved(key):
		return errors.New("Key returns a key with a colon, which no session's key may have")
	case key == another:
		return errors.New("Key returns the same key for two IDs")
	case key != parsed:
		return errors.New("Key returns another key for an ID of New than for the same ID of Parse")
	}
	return nil
}

// handleOf returns the handle of the session of a key: the key itself if it is a hash, otherwise
// the hash of the key, which may be an ID. So nothing that gives access is shown, whatever scheme
// has made the key.
func handleOf(key string) string {
	if rosters.IsHash(key) {
		return key
	}
	return hash(key)
}

// The bounds of the random part of an ID, in bytes. OWASP ASVS 7.2.3 asks for 128 bits; more than
// 1024 bytes outgrow a cookie.
const (
	minIDBytes     = 16
	maxIDBytes     = 1024
	defaultIDBytes = 32
	handleIDBytes  = 96 // as long as a handle in base64url
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

// check refuses texts that New can't have made. Strict refuses spare bits in the last character,
// with which one value would have several texts. The check of the decoded length refuses line
// breaks, which the decoder skips.
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

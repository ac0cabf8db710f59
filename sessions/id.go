package sessions

import (
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"unique"
)

// ID is a session ID: a bearer secret. Anyone who holds it is treated as the user. Only [ID.Secret]
// returns its text. Printed with any fmt verb, logged through slog, or marshaled to JSON or text,
// it shows [ID.Handle] instead.
//
// An [IDScheme] makes IDs, and only a [Manager] asks for new ones. IDs can be compared with ==. The
// zero ID belongs to no session; its text is empty.
type ID struct {
	// A handle shows an address to whoever prints it by reflection, where a string field would show
	// the secret.
	text unique.Handle[string]

	// former is the path to the scheme of MigrateIDs that has recognised it: bit by bit, 1 for a
	// scheme that is being left.
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
	var room [64]byte // of an ID of the default size: it spares an allocation
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

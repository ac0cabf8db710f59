package sessions

import (
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"unique"
)

// ID is a session ID: a bearer secret. Who has it, is the user. [ID.Secret] is the only way to its text; printed with any
// verb of fmt, logged through slog, marshaled to JSON or text, it shows [ID.Loggable] instead.
//
// Only an [IDScheme] makes an ID, and only a [Manager] asks it for a new one. IDs can be compared with ==. The zero ID
// is no session's; its text is empty.
type ID struct {
	// A handle shows an address to whoever prints it by reflection, where a string field would show the secret.
	text unique.Handle[string]
}

// IDOf returns the ID with a text, for an [IDScheme] of one's own. An application has no use for it: it hands on what clients send as text,
// and a Manager tells what of that is an ID.
func IDOf(text string) ID { return newID(text) }

func newID(text string) ID {
	if text == "" {
		return ID{}
	}
	return ID{unique.Make(text)}
}

// Secret returns the ID's text, for the client that the session belongs to and nobody else.
func (id ID) Secret() string {
	if id == (ID{}) {
		return ""
	}
	return id.text.Value()
}

// Loggable returns the lowercase hex SHA-512 of the ID's text, 128 characters. It identifies the session in logs, in lists
// and as the store's key, and lets nobody in: the ID can't be computed from it.
func (id ID) Loggable() string { return loggable(id.Secret()) }

func loggable(text string) string {
	var room [64]byte // of an ID of the default size: it spares an allocation
	sum := sha512.Sum512(append(room[:0], text...))
	var buf [2 * sha512.Size]byte
	return string(hex.AppendEncode(buf[:0], sum[:]))
}

// Format writes [ID.Loggable] for every verb.
func (id ID) Format(f fmt.State, _ rune) { io.WriteString(f, id.Loggable()) }

// String returns [ID.Loggable].
func (id ID) String() string { return id.Loggable() }

// GoString returns [ID.Loggable].
func (id ID) GoString() string { return id.Loggable() }

// LogValue returns [ID.Loggable].
func (id ID) LogValue() slog.Value { return slog.StringValue(id.Loggable()) }

// MarshalText returns [ID.Loggable]. There is no way back: an ID is not meant to be stored.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.Loggable()), nil }

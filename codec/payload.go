package codec

import (
	"bytes"
	"fmt"

	"github.com/dynasession/dynasession/codec/internal/fault"
	"github.com/dynasession/dynasession/codec/internal/opaque"
)

// Payload is an encoded value: its bytes, and the name of their format. It is immutable and safe
// for concurrent use.
//
// A store must store both and return both, and needs to know nothing else about it. A type of
// payload may offer more to a store that recognises it: attribute.Value lets package dynamo store
// native attributes. It may have a method Equal(Payload) bool if equal values can have different
// bytes, and a method Size() int if the store's form has another size.
type Payload interface {
	// Format returns the name of the format, such as "json", "msgpack" or "dynamodb". It is stored
	// with the data.
	Format() string

	// Bytes returns the encoded value. The caller must not change it.
	Bytes() ([]byte, error)
}

// Opaque returns a payload of the given format and bytes: what a store returns that has kept the
// bytes of some payload. It doesn't copy data, which the caller must not change afterwards.
//
// No fmt verb prints its data. With %v and %s, and marshaled to JSON or text, it shows its format
// and size.
func Opaque(format string, data []byte) Payload {
	return opaque.Of(format, data)
}

// BytesOf returns the bytes of p if it has the given format. Otherwise, or if p is nil, the error
// is [ErrFormat] and names both formats.
func BytesOf(p Payload, format string) ([]byte, error) {
	if p == nil {
		return nil, fmt.Errorf("%w: have none, want %q", ErrFormat, format)
	}
	if f := p.Format(); f != format {
		return nil, otherFormat(f, format)
	}
	return p.Bytes()
}

// otherFormat returns an ErrFormat. The name have may come from the table, and be of any length.
func otherFormat(have, want string) error {
	return fmt.Errorf("%w: have %q, want %q", ErrFormat, fault.Short(have), want)
}

type equaler interface{ Equal(Payload) bool }

// Equal reports whether a and b are the same value: by the Equal method of one of them, or else by
// their formats and bytes. Two nil payloads are equal; a payload whose Bytes fails equals none.
func Equal(a, b Payload) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	if e, ok := a.(equaler); ok {
		return e.Equal(b)
	}
	if e, ok := b.(equaler); ok {
		return e.Equal(a)
	}
	if a.Format() != b.Format() {
		return false
	}
	x, err := a.Bytes()
	if err != nil {
		return false
	}
	y, err := b.Bytes()
	return err == nil && bytes.Equal(x, y)
}

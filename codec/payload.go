package codec

import (
	"bytes"
	"fmt"
)

// Payload is an encoded value: the name of its format, and its bytes. It is immutable and safe for
// concurrent use.
//
// A store keeps both and hands both back; it needs to know nothing else. A payload type may offer
// more to a store that recognises it (attribute.Value lets the DynamoDB store keep native
// attributes), and may bring a method Equal(Payload) bool when two values can be the same without
// their bytes being so, and a method Size() int when such a store keeps it in another number of
// bytes.
type Payload interface {
	// Format returns the name of the format, such as "json", "msgpack" or "dynamodb". It is stored
	// beside the data.
	Format() string

	// Bytes returns the encoded value. The caller must not change it.
	Bytes() ([]byte, error)
}

// Opaque returns a payload of the given format that consists of data: what a store hands back after
// it has kept the bytes of some payload. It does not copy data, which must not be changed
// afterwards.
//
// Printed with any verb it never shows its data, which has no business in a log; with %v and %s,
// and marshaled to JSON or text, it shows its format and size.
func Opaque(format string, data []byte) Payload {
	return opaque(func() (string, []byte) { return format, data })
}

// opaque is a function, which no verb of fmt looks into: verbs that String doesn't answer, %d say,
// print the fields of a struct as they are, pointers followed. (A Format method for fmt would
// collide with Payload's.)
type opaque func() (format string, data []byte)

func (o opaque) Format() string {
	format, _ := o()
	return format
}

func (o opaque) Bytes() ([]byte, error) {
	_, data := o()
	return data, nil
}

func (o opaque) String() string {
	format, data := o()
	return fmt.Sprintf("%s payload, %d bytes", format, len(data))
}

// WithFormat returns the same bytes under another format.
func (o opaque) WithFormat(format string) Payload {
	_, data := o()
	return Opaque(format, data)
}

func (o opaque) GoString() string             { return o.String() }
func (o opaque) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// BytesOf returns the bytes of p if p is of the given format, and an error that is [ErrFormat] and
// names both formats if it is not, or if p is nil.
func BytesOf(p Payload, format string) ([]byte, error) {
	if p == nil {
		return nil, fmt.Errorf("%w: have none, want %q", ErrFormat, format)
	}
	if f := p.Format(); f != format {
		return nil, fmt.Errorf("%w: have %q, want %q", ErrFormat, f, format)
	}
	return p.Bytes()
}

type equaler interface{ Equal(Payload) bool }

// Equal reports whether a and b are the same value: by the Equal method that one of them brings,
// else by their format and bytes. Two nil payloads are equal; a payload whose bytes can't be had
// equals nothing.
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

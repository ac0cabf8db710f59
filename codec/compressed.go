package codec

import (
	"bytes"
	"fmt"
)

// compressed is a compressed payload of [Compress]. Its content is in functions, so that no verb of
// fmt prints it.
type compressed struct {
	format string
	data   func() []byte
	plain  func() Payload
	by     func() Compressor
}

// newCompressed returns the payload of small, the compressed plain. It keeps plain only if that has
// a method Equal, since a store may keep the payload for long.
func newCompressed(prefix string, plain Payload, small []byte, by Compressor) compressed {
	c := compressed{
		format: prefix + plain.Format(),
		data:   func() []byte { return small },
		plain:  func() Payload { return plain },
		by:     func() Compressor { return by },
	}
	if _, ok := plain.(equaler); !ok {
		opened := expanding(plain.Format(), Opaque(c.format, small), by)
		c.plain = func() Payload { return opened }
	}
	return c
}

func (c compressed) Format() string         { return c.format }
func (c compressed) Bytes() ([]byte, error) { return c.data(), nil }
func (c compressed) String() string {
	return fmt.Sprintf("%s payload, %d bytes", c.format, len(c.data()))
}
func (c compressed) GoString() string { return c.String() }

// Equal reports whether p has the same format and value. The compressed bytes may differ, if
// another version of the compressor wrote them.
func (c compressed) Equal(p Payload) bool {
	b, err := BytesOf(p, c.format)
	if err != nil {
		return false
	}
	return bytes.Equal(b, c.data()) || Equal(c.plain(), expanding(c.plain().Format(), p, c.by()))
}

// expanded is the content of a compressed payload. It is decompressed when Bytes is first called,
// so never if no codec reads its format.
type expanded struct {
	format string
	open   func() ([]byte, error)
}

// expanding returns the content of p, which has this format.
func expanding(format string, p Payload, by Compressor) Payload {
	return expanded{format, func() ([]byte, error) {
		b, err := p.Bytes()
		if err != nil {
			return nil, err
		}
		return expand(by, b)
	}}
}

func (e expanded) Format() string         { return e.format }
func (e expanded) Bytes() ([]byte, error) { return e.open() }
func (e expanded) String() string         { return e.format + " payload, compressed" }
func (e expanded) GoString() string       { return e.String() }

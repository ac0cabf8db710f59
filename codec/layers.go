package codec

import "fmt"

// Codecs that wrap codecs, such as those of Compress, unwrap a payload, and wrap another one.

// opener is a codec that wraps others.
type opener interface {
	// open returns the payload of the innermost codec that p wraps. It is not ok if the codec
	// doesn't read p's format, or can't carry unknown members from it.
	open(p Payload) (plain Payload, ok bool)
}

// overer encodes over the payload that open returns.
type overer[T any] interface {
	over(v T, plain Payload) (Payload, error)
}

func open[T any](c Codec[T], p Payload) (plain Payload, ok bool) {
	if o, ok := c.(opener); ok {
		return o.open(p)
	}
	return p, true
}

func over[T any](c Codec[T], v T, plain Payload) (Payload, error) {
	if o, ok := c.(overer[T]); ok {
		return o.over(v, plain)
	}
	return EncodeOver(c, v, plain)
}

// form is a format that a codec reads, and the innermost codec that reads it: two forms that are ==
// read it alike.
type form struct {
	format string
	by     any
}

// formsOf returns the formats that c reads. Of an application's own codec it returns the one in
// which the codec writes a zero T.
func formsOf[T any](c Codec[T]) (forms []form) {
	if c == nil {
		return nil
	}
	if f, ok := c.(interface{ forms() []form }); ok {
		return f.forms()
	}
	defer func() {
		if recover() != nil {
			forms = nil
		}
	}()
	var zero T
	p, err := c.Encode(zero)
	if err != nil || p == nil {
		return nil
	}
	return []form{{p.Format(), fmt.Sprintf("%T", c)}}
}

// validate calls c's own Validate, if it has one. reading means that c need not write.
func validate(c any, reading bool) error {
	switch c := c.(type) {
	case interface{ validate(reading bool) error }:
		return c.validate(reading)
	case interface{ Validate() error }:
		return c.Validate()
	}
	return nil
}

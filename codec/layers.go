package codec

import "fmt"

// Codecs around codecs, as Compress makes them, take off what they put around a payload, and put it
// around another one.

// opener is a codec around others.
type opener interface {
	// open returns what a codec of no layers wrote, of which p was made. It is not ok if p is of a
	// format that the codec doesn't read, or that no unknown members can be had from.
	open(p Payload) (plain Payload, ok bool)
}

// overer encodes over what open returns.
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

// form is a format that a codec reads, and which codec it is in the end: two that are == read it
// alike.
type form struct {
	format string
	by     any
}

// formsOf returns the formats that c reads, as far as that can be known: of a codec of the
// application's own, that in which it writes a zero T.
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

// validate returns what c's own Validate does, if it has one; reading: of a codec that need not
// write.
func validate(c any, reading bool) error {
	switch c := c.(type) {
	case interface{ validate(reading bool) error }:
		return c.validate(reading)
	case interface{ Validate() error }:
		return c.Validate()
	}
	return nil
}

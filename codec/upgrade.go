package codec

import (
	"errors"
	"fmt"
)

// Upgrade returns a codec that writes as to does, and reads what to and each of from has written: a session stored in an old
// format is read, and stored in the new one at the next save that changes it, if not before. So a live table moves from one format to another:
// first every server reads both and writes the old, Upgrade(old, new), then every server writes the new, Upgrade(new, old), and
// when the last old session has expired, new alone will do.
//
// Decode asks them in turn until one knows the format, and takes its answer. The formats have to differ. A nil among them is an
// error of Encode, of Decode, and of the New of a Manager.
func Upgrade[T any](to Codec[T], from ...Codec[T]) Codec[T] {
	return upgrade[T](append([]Codec[T]{to}, from...))
}

// upgrade holds the codec that writes, and then those that only read.
type upgrade[T any] []Codec[T]

// Validate returns an error that names the codec that is nil, or whose T can't be stored.
func (u upgrade[T]) Validate() error {
	for i, c := range u {
		if c == nil {
			return fmt.Errorf("Upgrade: %s is nil", position(i))
		}
		if v, ok := c.(interface{ Validate() error }); ok {
			if err := v.Validate(); err != nil {
				return fmt.Errorf("Upgrade: %s: %w", position(i), err)
			}
		}
	}
	return nil
}

func position(i int) string {
	if i == 0 {
		return "to"
	}
	return fmt.Sprintf("from[%d]", i-1)
}

func (u upgrade[T]) Encode(v T) (Payload, error) {
	if u[0] == nil {
		return nil, fmt.Errorf("Upgrade: %s is nil", position(0))
	}
	return u[0].Encode(v)
}

func (u upgrade[T]) Decode(p Payload) (T, error) {
	var refusals []error
	for i, c := range u {
		if c == nil {
			var zero T
			return zero, fmt.Errorf("Upgrade: %s is nil", position(i))
		}
		v, err := c.Decode(p)
		if err == nil || !errors.Is(err, ErrFormat) {
			return v, err
		}
		refusals = append(refusals, err)
	}
	var zero T
	return zero, fmt.Errorf("Upgrade: none of %d codecs reads it: %w", len(u), errors.Join(refusals...))
}

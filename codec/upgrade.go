package codec

import (
	"errors"
	"fmt"
	"sync"
)

// Upgrade returns a codec that writes as to does, and reads what to and each of from wrote. A
// session in an old format is stored in the new one at the next save that changes it. To move a
// live table from one format to another, first let every server read both and write the old one,
// Upgrade(old, new); then let every server write the new one, Upgrade(new, old). When the last old
// session has expired, use new alone.
//
// Decode tries the codecs in turn until one recognises the format. So their formats must differ:
// [Version] gives two types of one format different formats, and [Migrate] turns a codec of the old
// type into one of the new. A codec and its [Compress] may be used together: both read the
// uncompressed form alike.
//
// Fields that T doesn't have are preserved, as [Keeper] describes, if the session is stored in the
// format of to, be it compressed, versioned or neither. They are lost when a session moves from one
// format to another, say from "json" to "msgpack": a field that T doesn't have can't be translated,
// since a string may stand for a time, for bytes or for itself. So change T and the codec in two
// separate deploys. They are also lost in a Migrate.
//
// sessions.New returns an error if a codec is nil, if to is a Migrate, or if two codecs are the
// same or read one format in different ways. If a codec is nil, Encode and Decode return errors
// too.
func Upgrade[T any](to Codec[T], from ...Codec[T]) Codec[T] {
	u := &upgrade[T]{codecs: append([]Codec[T]{to}, from...)}
	u.read = sync.OnceValue(u.readers)
	return u
}

// upgrade has the codec that writes, followed by those that only read.
type upgrade[T any] struct {
	codecs []Codec[T]
	read   func() map[string]int // the index of the codec that reads a format
}

func (u *upgrade[T]) readers() map[string]int {
	read := map[string]int{}
	for i, c := range u.codecs {
		for _, f := range formsOf(c) {
			if _, ok := read[f.format]; !ok {
				read[f.format] = i
			}
		}
	}
	return read
}

func (u *upgrade[T]) forms() []form {
	var all []form
	for _, c := range u.codecs {
		all = append(all, formsOf(c)...)
	}
	return all
}

// Validate returns an error that names a codec that is nil, can't store T, or has the same format
// as another.
func (u *upgrade[T]) Validate() error { return u.validate(false) }

func (u *upgrade[T]) validate(reading bool) error {
	for i, c := range u.codecs {
		if c == nil {
			return fmt.Errorf("Upgrade: %s is nil", position(i))
		}
		if err := validate(c, reading || i > 0); err != nil {
			return fmt.Errorf("Upgrade: %s: %w", position(i), err)
		}
	}
	type reader struct {
		form
		i int
	}
	read := map[string]reader{}
	for i, c := range u.codecs {
		forms := formsOf(c)
		same := map[int]int{} // how many formats it shares with each other codec
		for _, f := range forms {
			other, ok := read[f.format]
			switch {
			case !ok:
				read[f.format] = reader{f, i}
			case other.i == i:
			case other.by != f.by:
				return fmt.Errorf("Upgrade: %s reads the format %q, which %s reads in another way: tell them apart by Version",
					position(i), f.format, position(other.i))
			default:
				same[other.i]++
			}
		}
		for other, n := range same {
			if n == len(forms) && n == len(formsOf(u.codecs[other])) {
				return fmt.Errorf("Upgrade: %s reads the same formats as %s, and would never be asked", position(i), position(other))
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

func (u *upgrade[T]) Encode(v T) (Payload, error) {
	if u.codecs[0] == nil {
		return nil, fmt.Errorf("Upgrade: %s is nil", position(0))
	}
	return u.codecs[0].Encode(v)
}

// EncodeOver encodes v as to does, and preserves the fields that T doesn't have if stored has to's
// format. See [Keeper].
func (u *upgrade[T]) EncodeOver(v T, stored Payload) (Payload, error) {
	if plain, ok := u.open(stored); ok {
		return u.over(v, plain)
	}
	return u.Encode(v)
}

func (u *upgrade[T]) open(p Payload) (plain Payload, ok bool) {
	if p == nil {
		return nil, false
	}
	i, ok := u.read()[p.Format()]
	if !ok {
		return nil, false
	}
	return open(u.codecs[i], p)
}

func (u *upgrade[T]) over(v T, plain Payload) (Payload, error) {
	if u.codecs[0] == nil {
		return u.Encode(v)
	}
	return over(u.codecs[0], v, plain)
}

func (u *upgrade[T]) Decode(p Payload) (T, error) {
	var zero T
	var refusals []error
	for i, c := range u.codecs {
		if c == nil {
			return zero, fmt.Errorf("Upgrade: %s is nil", position(i))
		}
		v, err := c.Decode(p)
		if err == nil || !errors.Is(err, ErrFormat) {
			return v, err
		}
		refusals = append(refusals, err)
	}
	return zero, fmt.Errorf("Upgrade: none of %d codecs reads it: %w", len(u.codecs), errors.Join(refusals...))
}

package codec

import (
	"errors"
	"fmt"
	"sync"
)

// Upgrade returns a codec that writes as to does, and reads what to and each of from has written: a
// session stored in an old format is read, and stored in the new one at the next save that changes
// it. So a live table moves from one format to another: first every server reads both and writes
// the old, Upgrade(old, new), then every server writes the new, Upgrade(new, old), and when the
// last old session has expired, new alone will do.
//
// Decode asks them in turn until one knows the format, and takes its answer. So the formats have to
// differ: [Version] tells two types in one format apart, and [Migrate] makes a codec of the old
// type one of the new. What a codec and its [Compress] have in common they read alike, and may.
//
// What T doesn't know is carried along, as a [Keeper] does it, if stored was written in the format
// of to, be it compressed, versioned or neither. From one format to another, say from "json" to
// "msgpack", nothing is carried: what isn't known can't be translated either, since a text may
// stand for a time, for bytes or for itself. So change T and the codec in two deploys, and not in
// one. Nor is anything carried through a Migrate.
//
// A nil among them, one that a Migrate made as to, and two that read the same format in different
// ways, or that are the same, are an error of the New of a Manager; a nil is one of Encode and
// Decode too.
func Upgrade[T any](to Codec[T], from ...Codec[T]) Codec[T] {
	u := &upgrade[T]{codecs: append([]Codec[T]{to}, from...)}
	u.read = sync.OnceValue(u.readers)
	return u
}

// upgrade holds the codec that writes, and then those that only read.
type upgrade[T any] struct {
	codecs []Codec[T]
	read   func() map[string]int // which of them reads a format
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

// Validate returns an error that names the codec that is nil, whose T can't be stored, or whose
// format another one has.
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
		same := map[int]int{} // how many formats it has in common with each
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

// EncodeOver encodes v as to does, and carries along what T doesn't know, if stored is of to's
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

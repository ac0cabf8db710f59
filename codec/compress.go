package codec

import (
	"errors"
	"fmt"
	"strings"
)

// DefaultCompressAbove is the size in bytes from which [Compress] compresses if it is told none.
// DynamoDB counts writes by whole kilobytes, and an item without its data has 290 bytes, about 400
// with a subject and a device: below this, hardly anything is saved.
const DefaultCompressAbove = 600

// formatCost is what a longer format takes in a store, or one where there was none.
const formatCost = 16

// mostDecompressed bounds what is compressed, and what Decode makes of it: ten times what DynamoDB
// keeps in an item.
const mostDecompressed = 4 << 20

// Compress returns a codec that compresses what inner makes. Package codec/zstd has the compressor.
//
// A payload of fewer than above bytes, one of more than 4 MB, and one that doesn't get smaller by
// more than what its format takes is stored as inner makes it; a native value counts as DynamoDB
// counts it. Otherwise its format is the compressor's name, a plus, and that of inner: "zstd+json".
// Zero means [DefaultCompressAbove]. Decode reads both, whatever above is now. Any other format is
// [ErrFormat]. What claims to hold more than 4 MB is an error, found before room is made for it.
//
// A live table moves to it as with any [Upgrade]: first every server reads both and writes plainly,
// Upgrade(inner, Compress(inner, by, 0)), then every server compresses, Compress(inner, by, 0). The
// way back is Upgrade(inner, Compress(inner, by, 0)) again, until the last compressed session has
// expired. What is stored in the other form is written at the next save that changes it, if not
// before.
//
// Around any codec it gives up what that offers to a store: a native value becomes bytes, which no
// console shows and no expression reaches, and JSON a blob that dynamodb-session-web doesn't read.
//
// It comes before encryption, by Config.AEAD of a Manager: the size of an item then tells something
// of the content. Who can put text of his own beside a secret, in one session, and see the sizes of
// items, can guess the secret piece by piece, as in CRIME and BREACH: text that is in the secret
// too makes the item smaller. Sizes are seen by whoever may read the table, its backups or its
// metrics. Where they are not trusted with the data, and a session holds secrets beside what users
// enter, don't compress.
//
// A nil inner or by, a negative above and a by that doesn't work are an error of the New of a
// Manager; of Encode and Decode too, the last of the four where it shows.
func Compress[T any](inner Codec[T], by Compressor, above int) Codec[T] {
	name, err := nameOf(by)
	return compress[T]{inner, by, above, name, err}
}

type compress[T any] struct {
	inner   Codec[T]
	by      Compressor
	above   int
	name    string // of by
	nameErr error
}

// Validate returns an error that names what is nil or negative, that a trial of the compressor ends
// with, or that inner has.
func (c compress[T]) Validate() error { return c.validate(false) }

func (c compress[T]) validate(reading bool) error {
	if err := c.usable(); err != nil {
		return err
	}
	if err := try(c.by); err != nil {
		return err
	}
	if err := validate(c.inner, reading); err != nil {
		return fmt.Errorf("Compress: inner: %w", err)
	}
	return nil
}

// forms are those of inner, and compressed.
func (c compress[T]) forms() []form {
	if c.usable() != nil {
		return nil
	}
	forms := formsOf(c.inner)
	for _, f := range forms {
		forms = append(forms, form{c.prefix() + f.format, [2]any{c.name, f.by}})
	}
	return forms
}

func (c compress[T]) usable() error {
	switch {
	case c.inner == nil:
		return errors.New("Compress: inner is nil")
	case c.by == nil:
		return errors.New("Compress: by is nil")
	case c.above < 0:
		return fmt.Errorf("Compress: above is %d: must be at least 0", c.above)
	}
	return c.nameErr
}

// prefix begins the format of what is compressed; that of inner follows.
func (c compress[T]) prefix() string { return c.name + "+" }

func (c compress[T]) Encode(v T) (Payload, error) {
	if err := c.usable(); err != nil {
		return nil, err
	}
	return c.pack(c.inner.Encode(v))
}

// EncodeOver does what inner's does, with what stored holds. See [Keeper].
func (c compress[T]) EncodeOver(v T, stored Payload) (Payload, error) {
	if plain, ok := c.open(stored); ok {
		return c.over(v, plain)
	}
	return c.Encode(v)
}

func (c compress[T]) open(p Payload) (plain Payload, ok bool) {
	if p == nil || c.usable() != nil {
		return nil, false
	}
	return open(c.inner, c.unpack(p))
}

func (c compress[T]) over(v T, plain Payload) (Payload, error) {
	return c.pack(over(c.inner, v, plain))
}

// pack compresses what inner has made.
func (c compress[T]) pack(plain Payload, err error) (Payload, error) {
	if err != nil || plain == nil || plain.Format() == "" {
		return plain, err
	}
	b, err := plain.Bytes()
	if err != nil {
		return nil, err
	}
	size := len(b)
	if s, ok := plain.(interface{ Size() int }); ok {
		size = s.Size()
	}
	above := c.above
	if above == 0 {
		above = DefaultCompressAbove
	}
	if size < above || len(b) > mostDecompressed {
		return plain, nil
	}
	small, err := shrink(c.by, b)
	if err != nil {
		return nil, err
	}
	if len(small)+formatCost >= size {
		return plain, nil
	}
	return newCompressed(c.prefix(), plain, small, c.by), nil
}

func (c compress[T]) Decode(p Payload) (T, error) {
	if err := c.usable(); err != nil {
		var zero T
		return zero, err
	}
	return c.inner.Decode(c.unpack(p))
}

// unpack returns what p holds, if it is compressed, and else p.
func (c compress[T]) unpack(p Payload) Payload {
	if p != nil {
		if format, ok := strings.CutPrefix(p.Format(), c.prefix()); ok {
			return expanding(format, p, c.by)
		}
	}
	return p
}

package codec

import (
	"errors"
	"fmt"
	"strings"
)

// DefaultCompressAbove is the size in bytes from which [Compress] compresses by default. DynamoDB
// charges writes by whole kilobytes, and an item without its data has 290 bytes, about 400 with a
// subject and a device: below this size compression saves hardly anything.
const DefaultCompressAbove = 600

// formatCost is what storing a longer format name takes, in bytes.
const formatCost = 16

// mostDecompressed is the size of the largest payload that is compressed or decompressed, in bytes.
const mostDecompressed = EncodeLimit

// Compress returns a codec that compresses inner's payloads. Package codec/zstd has the compressor.
//
// It leaves a payload uncompressed if it has fewer than above bytes or more than [EncodeLimit], or
// if compression saves less than the longer format name takes; a native value's size is the one
// that DynamoDB counts. The format of a compressed payload is the compressor's name, a plus, and
// inner's format, such as "zstd+json". If above is zero, it is [DefaultCompressAbove]. Decode reads
// both forms. Any other format is [ErrFormat]. A frame that declares more than 4 MB is rejected
// before anything is allocated for it.
//
// A live table moves to it as with any [Upgrade]: first every server reads both and writes plainly,
// Upgrade(inner, Compress(inner, by, 0)), then every server compresses, Compress(inner, by, 0). The
// way back is Upgrade(inner, Compress(inner, by, 0)) again, until the last compressed session has
// expired. A session stored in the other form is rewritten at the next save that changes it.
//
// Compression hides the inner format from the store: a native value becomes bytes, which the
// console doesn't show and expressions can't use, and JSON becomes a blob that dynamodb-session-web
// doesn't read.
//
// A Manager with Config.AEAD encrypts after compressing, so the size of an item reveals something
// about its content. An attacker who can put text into the same session as a secret and observe
// item sizes can recover the secret piece by piece, as in CRIME and BREACH: text that also occurs
// in the secret makes the item smaller. Anyone who may read the table, its backups or its metrics
// sees sizes. Don't compress if they must not learn the data and a session holds secrets beside
// user input.
//
// If inner or by is nil, above is negative or by doesn't work, sessions.New returns an error, and
// so do Encode and Decode.
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

// Validate returns an error if an argument of Compress was nil or negative, if a trial of the
// compressor fails, or if inner is invalid.
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

// forms are the forms of inner, each uncompressed and compressed.
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

// prefix begins the format of a compressed payload; inner's format follows.
func (c compress[T]) prefix() string { return c.name + "+" }

func (c compress[T]) Encode(v T) (Payload, error) {
	if err := c.usable(); err != nil {
		return nil, err
	}
	return c.pack(c.inner.Encode(v))
}

// EncodeOver encodes v as inner's EncodeOver does, over the decompressed stored. See [Keeper].
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

// pack compresses a payload of inner.
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

// unpack returns the decompressed payload of p if p is compressed, and p if it isn't.
func (c compress[T]) unpack(p Payload) Payload {
	if p != nil {
		if format, ok := strings.CutPrefix(p.Format(), c.prefix()); ok {
			return expanding(format, p, c.by)
		}
	}
	return p
}

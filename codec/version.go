package codec

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/dynasession/dynasession/codec/internal/opaque"
)

// Version returns a codec that encodes as c does, but under another format name, such as "v2+json"
// for version 2 of a type in JSON, and reads only that format. So an [Upgrade] can tell sessions of
// one type from those of another. Nothing else changes: package dynamo stores "v2+dynamodb" as
// native attributes too.
//
// The first type needs no version; begin with version 2. See [Migrate] for an example.
//
// If c is nil or n is below 1, sessions.New returns an error, and so do Encode and Decode.
func Version[T any](n int, c Codec[T]) Codec[T] { return version[T]{n, c} }

// SplitVersion splits the name of a format into its version and the rest: 2 and "json" for
// "v2+json", 0 and "json" for "json".
func SplitVersion(format string) (n int, of string) {
	head, of, ok := strings.Cut(format, "+")
	digits, isVersion := strings.CutPrefix(head, "v")
	if !ok || !isVersion {
		return 0, format
	}
	if n, err := strconv.Atoi(digits); err == nil && n > 0 && strconv.Itoa(n) == digits {
		return n, of
	}
	return 0, format
}

type version[T any] struct {
	n     int
	inner Codec[T]
}

// Validate returns an error if c is nil or invalid, or n is below 1.
func (c version[T]) Validate() error { return c.validate(false) }

func (c version[T]) validate(reading bool) error {
	if err := c.usable(); err != nil {
		return err
	}
	if err := validate(c.inner, reading); err != nil {
		return fmt.Errorf("Version: c: %w", err)
	}
	return nil
}

func (c version[T]) usable() error {
	switch {
	case c.n < 1:
		return fmt.Errorf("Version: n is %d: must be at least 1", c.n)
	case c.inner == nil:
		return errors.New("Version: c is nil")
	}
	return nil
}

func (c version[T]) prefix() string { return "v" + strconv.Itoa(c.n) + "+" }

func (c version[T]) forms() []form {
	if c.usable() != nil {
		return nil
	}
	forms := formsOf(c.inner)
	for i, f := range forms {
		forms[i] = form{c.prefix() + f.format, [2]any{c.n, f.by}}
	}
	return forms
}

func (c version[T]) Encode(v T) (Payload, error) {
	if err := c.usable(); err != nil {
		return nil, err
	}
	return c.wrap(c.inner.Encode(v))
}

// EncodeOver encodes v as c's EncodeOver does, if stored has the same version. See [Keeper].
func (c version[T]) EncodeOver(v T, stored Payload) (Payload, error) {
	if plain, ok := c.open(stored); ok {
		return c.over(v, plain)
	}
	return c.Encode(v)
}

func (c version[T]) open(p Payload) (plain Payload, ok bool) {
	if p, ok = c.unwrap(p); !ok {
		return nil, false
	}
	return open(c.inner, p)
}

func (c version[T]) over(v T, plain Payload) (Payload, error) { return c.wrap(over(c.inner, v, plain)) }

func (c version[T]) Decode(p Payload) (T, error) {
	var zero T
	if err := c.usable(); err != nil {
		return zero, err
	}
	plain, ok := c.unwrap(p)
	switch {
	case p == nil:
		return zero, fmt.Errorf("%w: have none, want %q", ErrFormat, c.prefix()+"…")
	case !ok:
		return zero, otherFormat(p.Format(), c.prefix()+"…")
	}
	return c.inner.Decode(plain)
}

func (c version[T]) wrap(p Payload, err error) (Payload, error) {
	if err != nil || p == nil || p.Format() == "" {
		return p, err
	}
	return relabel(p, c.prefix()+p.Format()), nil
}

func (c version[T]) unwrap(p Payload) (plain Payload, ok bool) {
	if p == nil || c.usable() != nil {
		return nil, false
	}
	format, ok := strings.CutPrefix(p.Format(), c.prefix())
	if !ok {
		return nil, false
	}
	return relabel(p, format), true
}

// relabel returns the value of p under another format: by p's own method WithFormat, if it has one,
// or as a wrapper.
func relabel(p Payload, format string) Payload {
	switch p := p.(type) {
	case opaque.Payload:
		return p.As(format)
	case interface{ WithFormat(string) Payload }:
		return p.WithFormat(format)
	case relabelled:
		if inner := p.of(); inner.Format() == format {
			return inner
		}
		return relabelled{p.of, format}
	}
	return relabelled{func() Payload { return p }, format}
}

// relabelled wraps a payload and gives it another format.
type relabelled struct {
	of     func() Payload // a function, so that no verb of fmt prints it
	format string
}

func (r relabelled) Format() string         { return r.format }
func (r relabelled) Bytes() ([]byte, error) { return r.of().Bytes() }
func (r relabelled) String() string         { return r.format + " payload" }
func (r relabelled) GoString() string       { return r.String() }

// Size returns how many bytes the payload takes in a store.
func (r relabelled) Size() int {
	if s, ok := r.of().(interface{ Size() int }); ok {
		return s.Size()
	}
	b, _ := r.of().Bytes()
	return len(b)
}

// Equal reports whether p has the same format and value.
func (r relabelled) Equal(p Payload) bool {
	return p != nil && p.Format() == r.format && Equal(r.of(), relabel(p, r.of().Format()))
}

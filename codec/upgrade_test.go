package codec_test

import (
	"errors"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/codectest"
	"github.com/dynasession/dynasession/internal/wants"
)

// named is JSON under another name.
type named[T any] struct{ name string }

func (n named[T]) Encode(v T) (codec.Payload, error) {
	p, err := codec.JSON[T]{}.Encode(v)
	if err != nil {
		return nil, err
	}
	b, err := p.Bytes()
	return codec.Opaque(n.name, b), err
}

func (n named[T]) Decode(p codec.Payload) (T, error) {
	b, err := codec.BytesOf(p, n.name)
	if err != nil {
		var zero T
		return zero, err
	}
	return codec.JSON[T]{}.Decode(codec.Opaque("json", b))
}

func TestUpgrade_IsACodec(t *testing.T) {
	c := codec.Upgrade[codectest.Inner](named[codectest.Inner]{"new"}, codec.JSON[codectest.Inner]{})
	codectest.Run(t, c, codectest.Inner{}, codectest.Inner{Name: "x", Count: 1})
}

func TestUpgrade_WritesTheNewAndReadsTheOld(t *testing.T) {
	is := is.New(t)
	v := codectest.Inner{Name: "x", Count: 1}
	oldest, old := named[codectest.Inner]{"oldest"}, codec.JSON[codectest.Inner]{}
	c := codec.Upgrade[codectest.Inner](named[codectest.Inner]{"new"}, old, oldest)

	p, err := c.Encode(v)
	is.NoErr(err)
	is.Equal(p.Format(), "new")
	for _, writer := range []codec.Codec[codectest.Inner]{oldest, old, c} {
		p, err := writer.Encode(v)
		is.NoErr(err)
		got, err := c.Decode(p)
		is.NoErr(err)
		is.Equal(got, v)
	}
}

func TestUpgrade_Composes(t *testing.T) {
	is := is.New(t)
	first := codec.Upgrade[string](named[string]{"b"}, named[string]{"a"})
	c := codec.Upgrade[string](named[string]{"c"}, first)
	p, err := named[string]{"a"}.Encode("x")
	is.NoErr(err)
	got, err := c.Decode(p)
	is.NoErr(err)
	is.Equal(got, "x")
}

func TestUpgrade_Errors(t *testing.T) {
	c := codec.Upgrade[codectest.Inner](named[codectest.Inner]{"new"}, codec.JSON[codectest.Inner]{})
	t.Run("a format that none knows is ErrFormat and names all", func(t *testing.T) {
		is := is.New(t)
		_, err := c.Decode(codec.Opaque("gob", nil))
		wants.Err(t, err, codec.ErrFormat)
		is.Equal(err.Error(), "Upgrade: none of 2 codecs reads it: codec: payload is of another format: have \"gob\", want \"new\"\n"+
			"codec: payload is of another format: have \"gob\", want \"json\"")
	})
	t.Run("bytes that are damaged are the error of the codec that knows the format", func(t *testing.T) {
		is := is.New(t)
		_, err := c.Decode(codec.Opaque("json", []byte("{")))
		is.True(err != nil && !errors.Is(err, codec.ErrFormat))
	})
}

func TestUpgrade_ANilInsideIsAnError(t *testing.T) {
	type validator interface{ Validate() error }
	for name, c := range map[string]codec.Codec[string]{
		"Upgrade: to is nil":                        codec.Upgrade[string](nil, codec.JSON[string]{}),
		"Upgrade: from[1] is nil":                   codec.Upgrade[string](named[string]{"a"}, codec.JSON[string]{}, nil),
		"Upgrade: from[0]: Upgrade: from[0] is nil": codec.Upgrade[string](named[string]{"a"}, codec.Upgrade[string](named[string]{"b"}, nil)),
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			is.Equal(c.(validator).Validate().Error(), name)
			_, err := c.Decode(codec.Opaque("unknown", nil))
			is.True(err != nil) // an error, no panic
			_, _ = c.Encode("x")
		})
	}
	t.Run("what a codec inside refuses, it refuses", func(t *testing.T) {
		is := is.New(t)
		c := codec.Upgrade[codectest.Unstorable](named[codectest.Unstorable]{"a"}, codec.JSON[codectest.Unstorable]{})
		is.Equal(c.(validator).Validate().Error(), "Upgrade: from[0]: json: field Chan: chan int can't be stored")
	})
	t.Run("nothing to refuse", func(t *testing.T) {
		is := is.New(t)
		is.NoErr(codec.Upgrade[string](codec.JSON[string]{}).(validator).Validate())
	})
}

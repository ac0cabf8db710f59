package codec_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/internal/wants"
)

// failing is a compressor that fails both ways.
type failing struct{ err error }

func (failing) Name() string                             { return "failing" }
func (f failing) Compress([]byte) ([]byte, error)        { return nil, f.err }
func (f failing) Decompress([]byte, int) ([]byte, error) { return nil, f.err }

// panicking panics both ways, as a nil pointer does.
type panicking struct{ flat }

func (*panicking) Compress([]byte) ([]byte, error)        { panic("s3cret") }
func (*panicking) Decompress([]byte, int) ([]byte, error) { panic("s3cret") }

// lying decompresses to another text.
type lying struct{ flat }

func (lying) Decompress([]byte, int) ([]byte, error) { return []byte(`"s3cret"`), nil }

// boundless ignores the limit.
type boundless struct{ flat }

func (boundless) Decompress(_ []byte, limit int) ([]byte, error) { return make([]byte, limit+1), nil }

// unnamed has no name.
type unnamed struct{ flat }

func (unnamed) Name() string { return "" }

func TestCompressor_ThatDoesNotWorkIsFoundByValidate(t *testing.T) {
	for _, c := range []struct {
		by   codec.Compressor
		want string
	}{
		{failing{errors.New("s3cret")}, "Compress: can't be compressed: the error is a *errors.errorString"},
		{&panicking{}, "Compress: can't be compressed: panicked with a string"},
		{(*panicking)(nil), "Compress: by has no name: panicked with a runtime.errorString"},
		{boundless{flat{9}}, "Compress: can't be decompressed: has 4194305 bytes, and at most 4194304 are read"},
		{lying{flat{9}}, "Compress: by doesn't give back what it was given"},
		{unnamed{flat{9}}, "Compress: by has no name"},
	} {
		is := is.New(t)
		err := codec.Compress[string](codec.JSON[string]{}, c.by, 0).(interface{ Validate() error }).Validate()
		is.Equal(err.Error(), c.want)
	}
}

// New refuses it; without a Manager, calls return an error and don't panic.
func TestCompressor_ANilPointerIsAnError(t *testing.T) {
	is := is.New(t)
	c := codec.Compress[string](codec.JSON[string]{}, (*panicking)(nil), 0)
	_, err := c.Encode("x")
	is.True(err != nil)
	_, err = c.Decode(codec.Opaque("json", []byte(`"x"`)))
	is.True(err != nil)
}

func TestCompressor_WhatItSaysIsNotRepeated(t *testing.T) {
	is := is.New(t)
	value := strings.Repeat("x", 1000)
	for _, by := range []codec.Compressor{failing{errors.New("s3cret")}, &panicking{}} {
		c := codec.Compress[string](codec.JSON[string]{}, by, 0)
		_, err := c.Encode(value)
		is.True(err != nil)
		is.True(!strings.Contains(err.Error(), "s3cret"))
		_, err = c.Decode(codec.Opaque(by.Name()+"+json", []byte("x")))
		is.True(err != nil)
		is.True(!strings.Contains(err.Error(), "s3cret"))
		wants.NotErr(t, err, codec.ErrFormat)
	}
	_, err := compressing[string](0).Decode(codec.Opaque("flat+json", []byte("damaged")))
	is.True(strings.HasPrefix(err.Error(), "Compress: can't be decompressed: the error is a "))
	p := encoded(t, compressing[string](0), value)
	b, err := p.Bytes()
	is.NoErr(err)
	_, err = compressing[int](0).Decode(codec.Opaque("flat+json", b))
	is.Equal(err.Error(), "json: is not a int") // the error is the inner codec's
}

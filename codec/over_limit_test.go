package codec_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/attribute"
	"github.com/dynasession/dynasession/codec/msgpack"
)

// What a value keeps of the stored one counts too.
func TestEncodeOver_RefusesMoreThanTheLimitWithWhatIsKept(t *testing.T) {
	type older struct{ A, B string }
	type newer struct{ B, C string }
	half := strings.Repeat("x", codec.EncodeLimit/2+1)
	for name, c := range map[string]struct {
		older codec.Codec[older]
		newer codec.Codec[newer]
	}{
		"json":      {codec.JSON[older]{}, codec.JSON[newer]{}},
		"msgpack":   {msgpack.Codec[older]{}, msgpack.Codec[newer]{}},
		"attribute": {attribute.Codec[older]{}, attribute.Codec[newer]{}},
		"version":   {codec.Version(2, codec.Codec[older](attribute.Codec[older]{})), codec.Version(2, codec.Codec[newer](attribute.Codec[newer]{}))},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			stored := must(c.older.Encode(older{A: half}))
			_, err := codec.EncodeOver(c.newer, newer{C: half}, stored)
			var large *codec.TooLargeError
			is.True(errors.As(err, &large))
			is.True(large.Size > codec.EncodeLimit)
			is.Equal(large.Limit, codec.EncodeLimit)
			_, err = codec.EncodeOver(c.newer, newer{C: half[2000:]}, stored)
			is.NoErr(err)
		})
	}
}

// The name of a format may come from the table.
func TestDecode_ErrorsAreShortHoweverLongTheFormat(t *testing.T) {
	long := codec.Opaque(strings.Repeat("x", 1<<20), nil)
	for _, c := range []codec.Codec[int]{
		codec.JSON[int]{},
		msgpack.Codec[int]{},
		attribute.Codec[int]{},
		codec.Version(2, codec.Codec[int](codec.JSON[int]{})),
		codec.Upgrade[int](codec.JSON[int]{}, msgpack.Codec[int]{}, attribute.Codec[int]{}),
	} {
		_, err := c.Decode(long)
		if !errors.Is(err, codec.ErrFormat) || len(err.Error()) > 1000 {
			t.Errorf("%T: an error of %d bytes", c, len(err.Error()))
		}
	}
	_, err := attribute.ValueOf(codec.Opaque(strings.Repeat("v2+", 1<<18)+"x", nil))
	if !errors.Is(err, codec.ErrFormat) || len(err.Error()) > 1000 {
		t.Errorf("an error of %d bytes", len(err.Error()))
	}
}

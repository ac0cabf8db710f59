package codec_test

import (
	"fmt"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/internal/opaque"
	"github.com/dynasession/dynasession/codec/msgpack"
)

type (
	narrowUser struct{ Name string }
	widerUser  struct{ Name, Theme string }
)

// A payload notes that it has no unknown member only if its codec knows that, so that the next save
// needn't search it.
func TestKeeper_NotesThatNothingIsUnknown(t *testing.T) {
	for _, c := range []struct {
		narrow codec.Codec[narrowUser]
		wider  codec.Codec[widerUser]
	}{
		{codec.JSON[narrowUser]{}, codec.JSON[widerUser]{}},
		{msgpack.Codec[narrowUser]{}, msgpack.Codec[widerUser]{}},
		{codec.Version(2, codec.JSON[narrowUser]{}), codec.Version(2, codec.JSON[widerUser]{})},
	} {
		encoded, stored := encoded(t, c.narrow, narrowUser{"a"}), encoded(t, c.wider, widerUser{"a", "dark"})
		t.Run(encoded.Format(), func(t *testing.T) {
			is := is.New(t)
			over := func(stored codec.Payload) codec.Payload {
				p, err := codec.EncodeOver(c.narrow, narrowUser{"b"}, stored)
				is.NoErr(err)
				return p
			}
			read := func(p codec.Payload) codec.Payload { return kept(t, p) }

			// A value that was just encoded has no unknown member.
			is.True(isWhole(encoded))
			is.True(isWhole(over(encoded)))       // nor has one that replaces it
			is.True(isWhole(over(read(encoded)))) // nor has a store's, after a search
			is.True(!isWhole(over(stored)))       // this one has an unknown member
			is.True(!isWhole(over(read(stored)))) // wherever it comes from
			is.True(!isWhole(over(over(stored)))) // and however often it was saved
			is.True(!isWhole(over(read(over(stored)))))

			for _, p := range []codec.Payload{over(stored), over(over(stored)), over(read(over(stored)))} {
				v, err := c.wider.Decode(p)
				is.NoErr(err)
				is.Equal(v, widerUser{"b", "dark"}) // it is kept
			}
			is.Equal(fmt.Sprint(encoded), fmt.Sprint(read(encoded))) // printed alike
		})
	}
}

func isWhole(p codec.Payload) bool {
	o, ok := p.(opaque.Payload)
	if !ok {
		return false
	}
	_, _, whole := o()
	return whole != nil
}

//lint:file-ignore SA5008,U1000 the tags are what is tested

package msgpack_test

import (
	"encoding/hex"
	"math/big"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/codectest"
	"github.com/dynasession/dynasession/codec/msgpack"
)

// oddTags has tags that the library reads in its own way: a colon separates an option from its
// value, quotes and spaces around a name don't belong to it.
type oddTags struct {
	Title int `json:"dc:title"`
	Quote int `json:"'x,y'"`
	Space int `json:" z "`
	Inner int `json:"a b"`
	Bare  int `json:":n"`
}

func TestCodec_TagsThatTheLibraryReadsInItsOwnWay(t *testing.T) {
	codectest.Run(t, msgpack.Codec[oddTags]{}, oddTags{}, oddTags{1, 2, 3, 4, 5})
	t.Run("what is saved over stored bytes isn't undone by them", func(t *testing.T) {
		is := is.New(t)
		c := msgpack.Codec[oddTags]{}
		p, err := c.Encode(oddTags{1, 2, 3, 4, 5})
		is.NoErr(err)
		b, err := p.Bytes()
		is.NoErr(err)
		// {"Title": 1, "x,y": 2, "z": 3, "a b": 4, "n": 5}.
		is.Equal(hex.EncodeToString(b), "85a55469746c6501a3782c7902a17a03a361206204a16e05")
		q, err := c.EncodeOver(oddTags{6, 7, 8, 9, 10}, codec.Opaque(msgpack.Format, b))
		is.NoErr(err)
		got, err := c.Decode(q)
		is.NoErr(err)
		is.Equal(got, oddTags{6, 7, 8, 9, 10})
		none, err := c.Encode(oddTags{6, 7, 8, 9, 10})
		is.NoErr(err)
		is.True(codec.Equal(q, none)) // nothing of the old value is left
	})
}

// given says by its IsZero that it is empty although its Note is not.
type given struct {
	Yes  bool
	Note string
}

func (g given) IsZero() bool { return !g.Yes }

type inline struct {
	A int `json:"a"`
	B int `json:"b"`
}

func TestCodec_RefusesTags(t *testing.T) {
	for want, v := range map[string]interface{ Validate() error }{
		"msgpack: field A: the option intern of its tag refers to other values by their order, which changes": msgpack.Codec[struct {
			A string `msgpack:"a,intern"`
		}]{},
		"msgpack: field A: its tags json and msgpack disagree on whether it is stored": msgpack.Codec[struct {
			A string `json:" - "`
			B string
		}]{},
		"msgpack: field B: would be stored under the name \"b\", as A is: rename one, or tag it `json:\"-\"`": msgpack.Codec[struct {
			A string `json:" b"`
			B string `json:"b"`
		}]{},
		"msgpack: field C: would be stored under the name \"b\", as B is: rename one, or tag it `json:\"-\"`": msgpack.Codec[struct {
			B string `json:"b"`
			C string `json:"c,alias:b"`
		}]{},
		"msgpack: field X: would be stored under the name \"a\", as inline.A is: rename one, or tag it `json:\"-\"`": msgpack.Codec[struct {
			inline `json:"in"`
			X      int `json:"a"`
		}]{},
		`msgpack: field inline: would be read under the name "in", as X is: rename one`: msgpack.Codec[struct {
			X      int `json:"in"`
			inline `msgpack:"in"`
		}]{},
		"msgpack: field V: the omitempty of _msgpack may leave out a msgpack_test.given that isn't empty: give the option to the other fields": msgpack.Codec[struct {
			_msgpack struct{} `msgpack:",omitempty"`
			V        given
		}]{},
		"msgpack: field V: the omitempty of _msgpack may leave out a interface {} that isn't empty: give the option to the other fields": msgpack.Codec[struct {
			_msgpack struct{} `msgpack:",omitempty"`
			V        any
		}]{},
		"msgpack: field V: the omitempty of _msgpack may leave out a big.Int that isn't empty: give the option to the other fields": msgpack.Codec[struct {
			_msgpack struct{} `msgpack:",omitempty"`
			V        big.Int
		}]{},
	} {
		t.Run(want, func(t *testing.T) {
			is := is.New(t)
			err := v.Validate()
			is.True(err != nil)
			is.Equal(err.Error(), want)
		})
	}
	for _, tag := range []string{"spaces", "a value", "quotes"} {
		t.Run("omitempty with "+tag, func(t *testing.T) {
			is := is.New(t)
			err := map[string]error{
				"spaces": encodeError(struct {
					V given `msgpack:"v, omitempty"`
				}{given{Note: "x"}}),
				"a value": encodeError(struct {
					V given `msgpack:"v,omitempty:1"`
				}{given{Note: "x"}}),
				"quotes": encodeError(struct {
					V given `msgpack:"v,'omitempty'"`
				}{given{Note: "x"}}),
			}[tag]
			is.True(err != nil)
			is.Equal(err.Error(), "msgpack: field V: its tag would leave it out, although it isn't empty: take the option from the tag")
		})
	}
}

func encodeError[T any](v T) error {
	_, err := msgpack.Codec[T]{}.Encode(v)
	return err
}

func TestCodec_KeepsWhatTagsOmit(t *testing.T) {
	type all struct {
		V        given    // before the tag
		_msgpack struct{} `msgpack:",omitempty"`
		At       time.Time
		N        int
		P        *int
		S        struct{ X, Y int }
		L        []string
	}
	codectest.Run(t, msgpack.Codec[all]{}, all{}, all{V: given{Note: "x"}, At: time.Unix(1, 0), N: 1, P: new(int), L: []string{""}})
	type overlapping struct { // stored as a struct of its name, since a is taken
		A      int `json:"a"`
		inline `json:"in"`
	}
	codectest.Run(t, msgpack.Codec[overlapping]{}, overlapping{}, overlapping{A: 1, inline: inline{2, 3}})
}
